import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ArchError,
  type ArchSpec,
  add,
  and,
  defineArch,
  type Entry,
  eq,
  lacks,
  linuxMmu,
  type Memory,
  type Mm,
  machine,
  mmFromRoot,
  type Rights,
  translate,
  type Vaddr,
  vaddr,
  walk,
  writeEntry,
} from '../src/index.ts';
import { arbitrarySpace } from '../src/testing/index.ts';
import { refused } from './support/refused.ts';
import { property } from './support/runs.ts';
import { LEAF, NONE, NX, RESERVED, toy3, toy3Spec, toyProcess, toys, U, V, W, YOUNG } from './support/toys.ts';

/** What both say of an address, in the same words. */
function byWalk(mm: Mm, addr: Vaddr): string {
  const { result } = walk(mm, addr);
  return result.kind === 'leaf' ? `${result.paddr} of ${result.size}` : result.kind;
}
function byMmu(mm: Mm, addr: Vaddr): string {
  const query = { root: mm.root ?? 0n, addr, access: 'read' } as const;
  const answer = translate(machine(linuxMmu(mm.arch)), mm.memory, query);
  return answer.kind === 'address' ? `${answer.paddr} of ${answer.size}` : answer.name;
}

describe('the MMU says of every address what the kernel’s walk says', () => {
  const word = fc.oneof(
    fc.bigInt(0n, 0xffffn),
    fc.bigInt(0n, 2n ** 64n - 1n),
    fc.constantFrom(0n, V, V | LEAF, RESERVED | V, 4n),
  );
  const poke = fc.record({ mapping: fc.nat(), step: fc.nat(), word });

  test.each(toys.map((arch) => [arch.id, arch] as const))('%s', (_id, arch) => {
    const cases = fc.record({ space: arbitrarySpace(arch), pokes: fc.array(poke, { maxLength: 3 }), more: word });
    fc.assert(
      fc.property(cases, ({ space: { mm, mappings }, pokes, more }) => {
        const undo = pokes.map(({ mapping, step, word: raw }) => {
          const { steps } = walk(mm, mappings[mapping % mappings.length]!.addr);
          const hit = steps[step % Math.max(steps.length, 1)];
          if (hit) writeEntry(mm, hit.slot, BigInt.asUintN(8 * arch.entryBytes, raw) as Entry);
          return () => hit && writeEntry(mm, hit.slot, hit.entry);
        });
        for (const addr of [more, ...mappings.flatMap((m) => [m.addr, m.addr + m.size - 1n, m.addr + m.size])]) {
          const at = vaddr(BigInt.asUintN(64, addr));
          // Each takes one register: the MMU's halves are told apart by the address, an Mm's by what it was made for.
          if (arch.spec.va.extend === 'halves' && at >> 63n) continue;
          const expected = byWalk(mm, at);
          // The hardware's way: the root alone says how deep the tables are.
          if (expected !== 'root-mismatch') expect(byMmu(mm, at)).toBe(toyAccess(mm, at) ?? expected);
        }
        for (const one of undo.reverse()) one();
      }),
      property,
    );
  });
});

/** PROT_NONE is a leaf for the walk, and refused by an MMU. */
function toyAccess(mm: Mm, addr: Vaddr): string | undefined {
  const { result } = walk(mm, addr);
  const protnone = mm.arch.rules.pte.is.protnone;
  return result.kind === 'leaf' && protnone?.({ entry: result.entry }) ? 'protection' : undefined;
}

/** toy3: the tables of pgd, pmd and pte are at 0x1000, 0x2000 and 0x3000; address 0 is read. */
const words = (pgd: bigint, pmd: bigint, pte: bigint): Memory => ({
  pieces: [],
  read: (at) =>
    new Map<bigint, bigint>([
      [0x1000n, pgd],
      [0x2000n, pmd],
      [0x3000n, pte],
    ]).get(at),
  write: () => false,
});
const TABLES = [V | 0x2000n, V | 0x3000n] as const;

describe('the rules, in the order of the walk', () => {
  const rows: readonly (readonly [what: string, pgd: bigint, pmd: bigint, pte: bigint, answer: string])[] = [
    ['a page', ...TABLES, V | 0x5000n, '0x5123'],
    ['none', 0n, V, V, 'none'],
    ['none, further down', ...TABLES, 0n, 'none'],
    ['not present', W, V, V, 'not-present'],
    ['bad', V | RESERVED, V, V, 'bad'],
    ['none before bad, not present before bad', TABLES[0], RESERVED, V, 'not-present'],
    ['a large page', TABLES[0], V | LEAF | 0x8000n, V, '0x8123'],
    ['a leaf before bad', TABLES[0], V | LEAF | RESERVED | 0x8000n, V, '0x8123'],
    ['a table outside memory', V | 0x9000n, V, V, 'outside-memory'],
  ];
  test.each(rows)('%s', (_what, pgd, pmd, pte, answer) => {
    const query = { root: 0x1000n, addr: vaddr(0x123n), access: 'read' } as const;
    const got = translate(machine(linuxMmu(toy3)), words(pgd, pmd, pte), query);
    expect(got.kind === 'address' ? `0x${got.paddr.toString(16)}` : got.name).toBe(answer);
    expect(got).not.toHaveProperty('code');
  });

  test('an address that no table translates has no walk', () => {
    const query = { root: 0x1000n, addr: vaddr(1n << 20n), access: 'read' } as const;
    expect(translate(machine(linuxMmu(toy3)), words(...TABLES, V), query)).toMatchObject({
      name: 'not-translatable',
      path: [],
    });
  });
});

describe('rights by what Linux asks of a page', () => {
  const rights = (text: string): Rights => ({
    read: text.includes('r'),
    write: text.includes('w'),
    execute: text.includes('x'),
  });
  const rows: readonly (readonly [bits: string, pte: bigint, user: string, kernel: string])[] = [
    ['U W', U | W, 'rwx', 'rwx'],
    ['U', U, 'rx', 'rx'],
    ['U W NX', U | W | NX, 'rw', 'rw'],
    ['W NX', W | NX, '', 'rw'],
    ['nothing', 0n, '', 'rx'],
    // The accessed bit is the kernel's own business here: nothing faults for it, nothing is written.
    ['U W, young', U | W | YOUNG, 'rwx', 'rwx'],
  ];
  test.each(rows)('%s', (_bits, pte, user, kernel) => {
    const memory = words(...TABLES, V | pte | 0x5000n);
    for (const [state, expected] of [
      [{ user: true }, rights(user)],
      [{ user: false }, rights(kernel)],
    ] as const)
      for (const access of ['read', 'write', 'execute'] as const) {
        const query = { root: 0x1000n, addr: vaddr(0n), access };
        const got = translate(machine(linuxMmu(toy3), state), memory, query);
        if (expected[access]) expect(got).toMatchObject({ kind: 'address', rights: expected, updates: [] });
        else expect(got).toMatchObject({ kind: 'fault', name: 'protection' });
      }
  });

  test('PROT_NONE is nobody’s', () => {
    const memory = words(...TABLES, NONE | U | W | 0x5000n);
    for (const user of [true, false]) {
      const query = { root: 0x1000n, addr: vaddr(0n), access: 'read' } as const;
      expect(translate(machine(linuxMmu(toy3), { user }), memory, query)).toMatchObject({ name: 'protection' });
    }
  });
});

describe('what a definition can say besides', () => {
  const pte = toy3Spec.levels.pte;
  const pmd = toy3Spec.levels.pmd;
  const made = (levels: Partial<ArchSpec['levels']>): ArchSpec => ({
    ...toy3Spec,
    levels: { ...toy3Spec.levels, ...levels },
  });
  const page = (spec: ArchSpec, memory: Memory): string => {
    const mm = mmFromRoot(defineArch(spec), memory, 0x1000n);
    expect(byMmu(mm, vaddr(0n))).toBe(byWalk(mm, vaddr(0n)));
    return byMmu(mm, vaddr(0n));
  };

  test('frames that are stored inverted', () => {
    const spec = made({ pte: { ...pte, leaf: { ...pte.leaf!, inverted: lacks(YOUNG) } } });
    expect(page(spec, words(...TABLES, V | YOUNG | 0x5000n))).toBe(`${0x5000n} of ${0x1000n}`);
    expect(page(spec, words(...TABLES, V | 0xffff_ffff_a000n))).toBe(`${0x5000n} of ${0x1000n}`);
  });

  test('a leaf whose size is in the entry', () => {
    const first = 0x40000n;
    const spec = made({ pte: { ...pte, leaf: { ...pte.leaf!, first, shift: 14n } } });
    expect(page(spec, words(...TABLES, V | 0x5000n))).toBe(`${first} of ${0x4000n}`);
  });

  test('slots wider than their entries', () => {
    const spec = made({ pmd: { ...pmd, slotBytes: 16 } });
    const query = { root: 0x1000n, addr: vaddr(1n << 15n), access: 'read' } as const;
    const got = translate(machine(linuxMmu(defineArch(spec))), words(...TABLES, V), query);
    expect(got).toMatchObject({ name: 'outside-memory', at: 0x2010n });
  });

  test('bad as a mask: any bit of it is yes, as for walk', () => {
    const mask = 1n << 48n;
    const arch = defineArch(made({ pmd: { ...pmd, is: { ...pmd.is, bad: and('entry', mask) } } }));
    const query = { root: 0x1000n, addr: vaddr(0n), access: 'read' } as const;
    const memory = words(TABLES[0], TABLES[1] | mask, V);
    expect(translate(machine(linuxMmu(arch)), memory, query)).toMatchObject({ name: 'bad', level: 'pmd' });
    expect(walk(mmFromRoot(arch, memory, 0x1000n), vaddr(0n)).result.kind).toBe('bad');
  });

  test('a slot that only the pointer knows is not served', () => {
    const arch = defineArch(
      made({ pud: { ...toy3Spec.levels.pud, fold: { when: 'build', style: 'top', slot: add('slot', 8n) } } }),
    );
    expect(refused(ArchError, () => machine(linuxMmu(arch))).where).toBe('levels.pud.fold.slot');
  });

  test('a type in the root register that names no table', () => {
    const spec: ArchSpec = {
      ...toyProcess.spec,
      root: { ...toyProcess.spec.root, tops: { pgd: { base: 3n, limit: 1n } } },
    };
    const query = { root: 0x1001n, addr: vaddr(0n), access: 'read' } as const;
    const got = translate(machine(linuxMmu(defineArch(spec))), words(0n, 0n, 0n), query);
    expect(got).toMatchObject({ name: 'root-mismatch', path: [] });
  });

  test('a fold at boot that depends on an entry is refused', () => {
    const pud = {
      ...toyProcess.spec.levels.pud,
      fold: { when: 'boot', style: 'middle', if: eq('entry', 1n) },
    } as const;
    const { pud: _, ...tops } = toyProcess.spec.root.tops;
    const root = { ...toyProcess.spec.root, tops };
    const arch = defineArch({ ...toyProcess.spec, root, levels: { ...toyProcess.spec.levels, pud } });
    expect(refused(ArchError, () => machine(linuxMmu(arch))).code).toBe('fold');
  });
});
