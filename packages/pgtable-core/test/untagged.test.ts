/** Tags: the rule of a definition, the rule of a machine, and what neither may look at. */
import { describe, expect, test } from 'vitest';
import { ArchError, and, defineArch, type Mmu, machine, UsageError, untagged, vaddr } from '../src/index.ts';
import { toyMmu } from './support/toy-mmu.ts';
import { toy3, toy3Spec } from './support/toys.ts';

const TAGGED = vaddr(0xab00_0000_0000_1234n);

describe('a definition', () => {
  const of = (rule: object | bigint | string) =>
    defineArch({ ...toy3Spec, va: { ...toy3Spec.va, untagged: rule as never } });

  test('has tags where it says so, else none', () => {
    expect(untagged(toy3, TAGGED)).toBe(TAGGED);
    expect(untagged(of(and('addr', (1n << 56n) - 1n)), TAGGED)).toBe(0x1234n);
  });

  test('may look at the root register', () => {
    const masked = of(['and', 'addr', 'root']);
    expect([untagged(masked, TAGGED, 0xffffn), untagged(masked, TAGGED)]).toEqual([0x1234n, 0n]);
  });

  test('may not look at entries', () => {
    expect(() => of('entry')).toThrow(ArchError);
    expect(() => of('entry')).toThrow('va.untagged: looks at entry; it may look at addr, root');
  });
});

test('a machine has the rule of its state, for a load', () => {
  const rule: Mmu<{ readonly tagged: boolean }> = {
    arch: toy3,
    defaults: { tagged: false },
    hardware: ({ tagged }) => ({
      ...toyMmu.hardware(toyMmu.defaults),
      ...(tagged && { untagged: ({ addr, access }) => (access === 'read' ? vaddr(addr & 0xffffn) : addr) }),
    }),
  };
  expect(untagged(machine(rule), TAGGED)).toBe(TAGGED);
  expect(untagged(machine(rule, { tagged: true }), TAGGED)).toBe(0x1234n);
});

test('what is no address is refused', () => {
  for (const addr of [-1n, 1n << 64n]) expect(() => untagged(toy3, addr as never)).toThrow(UsageError);
});
