/** Machines are kept by their state: the same one is handed out again, and never another one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Mmu, machine, UsageError } from '../src/index.ts';
import { property } from './support/runs.ts';
import { type ToyState, toyMmu } from './support/toy-mmu.ts';

/** An MMU of its own, which counts how often it is asked. */
function counting(): { readonly mmu: Mmu<ToyState>; readonly asked: ToyState[] } {
  const asked: ToyState[] = [];
  const hardware: Mmu<ToyState>['hardware'] = (state) => {
    asked.push(state);
    return toyMmu.hardware(state);
  };
  return { mmu: { ...toyMmu, hardware }, asked };
}

describe('the same state is the same machine', () => {
  test('however it is said', () => {
    const { mmu, asked } = counting();
    const user = machine(mmu, { user: true });
    expect(machine(mmu, { poison: 0n, user: true, limit: 21 })).toBe(user);
    expect(user.in({ user: false })).toBe(machine(mmu));
    expect(user.in({ user: false }).in({ user: true })).toBe(user);
    expect(asked).toHaveLength(2);
  });

  test('another state, or another MMU, is another machine', () => {
    const { mmu } = counting();
    const first = machine(mmu);
    expect([machine(mmu, { limit: 20 }), machine(mmu, { poison: 1n }), machine({ ...mmu })]).not.toContain(first);
    // 1n is not the number that the default is.
    expect(() => first.in({ limit: 1n as never })).toThrow(UsageError);
  });
});

test('the last 32 states are kept', () => {
  const { mmu, asked } = counting();
  const first = machine(mmu, { limit: 0 });
  for (let limit = 1; limit < 32; limit++) machine(mmu, { limit });
  expect(machine(mmu, { limit: 0 })).toBe(first);
  machine(mmu, { limit: 32 });
  machine(mmu, { limit: 2 });
  expect(asked).toHaveLength(33);
  // What was asked for longest ago has gone.
  machine(mmu, { limit: 1 });
  expect(asked).toHaveLength(34);
});

test('a machine answers for its own state, whatever was asked before', () => {
  const { mmu } = counting();
  const state = fc.record({ user: fc.boolean(), limit: fc.nat(3), poison: fc.bigInt(0n, 3n) });
  fc.assert(
    fc.property(fc.array(state, { maxLength: 100 }), (states) => {
      for (const one of states) expect(machine(mmu, one).state).toEqual(one);
    }),
    property,
  );
});
