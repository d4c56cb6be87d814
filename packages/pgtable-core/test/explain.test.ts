/** Translations explained: entries by their fields, rights by who took them, and what single change would help. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Access,
  type Explanation,
  explain,
  type Flip,
  flatMemory,
  flipText,
  linuxMmu,
  type Memory,
  machine,
  type Paddr,
  type Translation,
  translate,
  vaddr,
} from '../src/index.ts';
import { arbitrarySpace } from '../src/testing/index.ts';
import { BROKEN, type DeepState, deepMmu, REAL } from './support/deep-mmu.ts';
import { property } from './support/runs.ts';
import { countingMemory } from './support/space.ts';
import { tables } from './support/tables.ts';
import { LEAF, NX, RESERVED, toy3, toys, U, V, W, YOUNG } from './support/toys.ts';

// pgd[1] -> pmd at 0x1080; pmd[2] -> ptes at 0x1040; the page of pte[3] is what a test makes it.
const ADDR = 0x9_3678n;
const ALL = { read: true, write: true, execute: true };

interface Case {
  readonly pgd?: bigint;
  readonly pmd?: bigint;
  readonly pte?: bigint;
  readonly root?: bigint;
  readonly access?: Access;
  readonly state?: Partial<DeepState>;
}

const memoryOf = ({ pgd = V | 0x1080n, pmd = V | 0x1040n, pte = V | U | W | YOUNG | 0x9000n }: Case): Memory =>
  tables(toy3, 0x1000n, { '0x1008': pgd, '0x1090': pmd, '0x1058': pte }).memory;

const told = (of: Case): Explanation =>
  explain(machine(deepMmu(toy3), of.state ?? {}), memoryOf(of), {
    ...{ root: of.root ?? 0x1000n, addr: vaddr(ADDR), access: of.access ?? 'read' },
  });

/** The changes in a line each: what is turned, and what comes of it. */
const changes = (of: Case): string[] =>
  told(of).changes.map(({ flip, result }) => `${flipText(flip)}: ${result.kind === 'fault' ? result.why : 'succeeds'}`);

describe('entries', () => {
  test('each with its place, its fields in the format that it has, and the rights that are left below it', () => {
    const { steps, result, changes: none } = told({ pgd: V | NX | 0x1080n, pte: V | U | YOUNG | 0x9000n });
    expect(result.kind).toBe('address');
    expect(none).toEqual([]);
    expect(steps.map(({ level, index, at, bits, kind, says }) => [level, index, at, bits, kind, says])).toEqual([
      ['pgd', 1, 0x1008n, 2, 'table', 'table at 0x1080'],
      ['pmd', 2, 0x1090n, 4, 'table', 'table at 0x1040'],
      ['pte', 3, 0x1058n, 3, 'leaf', '4 KiB at 0x9000'],
    ]);
    expect(steps[1]?.fields).toEqual([
      { name: 'V', kind: 'flag', hi: 0, lo: 0, value: 1n },
      { name: 'LEAF', kind: 'flag', hi: 1, lo: 1, value: 0n },
      { name: 'address', kind: 'address', hi: 47, lo: 6, to: 6, value: 0x41n },
    ]);
    expect(steps[2]?.fields.map(({ name, value }) => `${name}=${value}`).join(' ')).toBe(
      'V=1 LEAF=0 address=9 W=0 U=1 NX=0 YOUNG=1 NONE=0',
    );
    expect(steps.map(({ left }) => left)).toEqual([
      { ...ALL, execute: false },
      { ...ALL, execute: false },
      { read: true, write: false, execute: false },
    ]);
    expect(steps.map(({ taken }) => taken.map(({ right, why }) => `${right}: ${why}`))).toEqual([
      ['execute: NX = 1'],
      [],
      ['write: W = 0'],
    ]);
  });

  test('a leaf above pte has the fields of a leaf', () => {
    const { steps } = told({ pmd: V | LEAF | U | YOUNG | 0x8000n });
    expect(steps.at(-1)).toMatchObject({ level: 'pmd', kind: 'leaf', says: '32 KiB at 0x8000' });
    expect(steps.at(-1)?.fields.find(({ name }) => name === 'U')?.value).toBe(1n);
  });

  test('one that a rule refuses says which; what those above it took is still told', () => {
    const { steps } = told({ pgd: V | NX | 0x1080n, pmd: V | RESERVED });
    expect(steps.map(({ kind, says }) => [kind, says])).toEqual([
      ['table', 'table at 0x1080'],
      ['fault', 'bit 48 is not 0'],
    ]);
    expect(steps[0]?.left).toEqual({ ...ALL, execute: false });
  });

  test('one outside memory is in the answer, not among those that were read', () => {
    const { steps, result } = told({ pmd: V | 0x9000n });
    expect(steps).toHaveLength(2);
    expect(result).toMatchObject({ kind: 'fault', name: 'bus', level: 'pte', at: 0x9018n });
  });
});

describe('what would change it', () => {
  // A pointer that is taken for a page is a change too: farther off, and said all the same.
  const asPage = (outcome: string) => `pmd[2].LEAF = 1 (bit 1): ${outcome}`;

  test.each<[string, Case, string[]]>([
    ['a right that the leaf takes', { access: 'write', pte: V | U | YOUNG }, ['pte[3].W = 1 (bit 2): succeeds']],
    [
      'a privilege: the entry that is to blame, then the state',
      { state: { user: true }, pte: V | W | YOUNG },
      ['pte[3].U = 1 (bit 3): succeeds', 'user = false: succeeds'],
    ],
    [
      'a right that the whole path takes',
      { access: 'execute', state: { smep: true } },
      ['pte[3].U = 0 (bit 3): succeeds', asPage('succeeds'), 'user = true: succeeds', 'smep = false: succeeds'],
    ],
    ['an absent page', { pte: 0n }, ['pte[3].V = 1 (bit 0): succeeds', asPage('succeeds')]],
    [
      'an absent page that would not be the user’s: past this rule, to the next',
      { pte: YOUNG, state: { user: true } },
      ['pte[3].V = 1 (bit 0): read is not allowed', asPage('read is not allowed')],
    ],
    [
      'two entries that take the same right: one less, and not yet enough',
      { access: 'execute', pgd: V | NX | 0x1080n, pte: V | U | W | NX | YOUNG },
      ['pte[3].NX = 0 (bit 4)', 'pgd[1].NX = 0 (bit 4)', 'pmd[2].LEAF = 1 (bit 1)'].map(
        (change) => `${change}: execute is not allowed`,
      ),
    ],
    [
      'an old page',
      { state: { flag: true }, pte: V | U | W },
      ['pte[3].YOUNG = 1 (bit 5): succeeds', 'flag = false: succeeds'],
    ],
    [
      'an old page that lacks the right too: the right is asked for first, and a younger one would not help',
      { access: 'write', state: { flag: true }, pte: V | U },
      ['pte[3].W = 1 (bit 2): the page is old'],
    ],
    [
      'who may not begin a walk',
      { state: { closed: true, user: true } },
      ['user = false: succeeds', 'closed = false: succeeds'],
    ],
    ['a reserved bit that has no name', { pmd: V | RESERVED | 0x1040n }, []],
    ['a table outside memory: the pointer above it', { pmd: V | 0x9000n }, [asPage('succeeds')]],
  ])('%s', (_what, of, expected) => {
    expect(changes(of)).toEqual(expected);
  });

  test('the root’s own bits are tried where they have names', () => {
    const fields = { ...toy3.spec.root.fields, BROKEN: { kind: 'flag', hi: 0, lo: 0 } } as const;
    const arch = { ...toy3, spec: { ...toy3.spec, root: { ...toy3.spec.root, fields } } };
    const query = { root: 0x1000n | BROKEN, addr: vaddr(ADDR), access: 'read' } as const;
    const found = explain(machine(deepMmu(arch)), memoryOf({}), query).changes;
    expect(found.map(({ flip }) => flip)).toEqual([
      { kind: 'root', field: 'BROKEN', bit: 0, value: 0n, root: 0x1000n },
    ]);
  });

  test('no change is tried of an address, of what only software knows, or of a word of the state', () => {
    const flips = told({ pte: 0n, state: { key: 1n } }).changes.map(({ flip }) => flip);
    expect(flips.every((flip) => flip.kind === 'state' || flip.field !== 'address')).toBe(true);
    expect(flips.some((flip) => flip.kind === 'state' && flip.name === 'key')).toBe(false);
  });

  test('memory that is reached without tables has no entries to change', () => {
    expect(told({ root: REAL })).toMatchObject({ steps: [], changes: [], result: { paddr: ADDR } });
  });
});

describe('whatever memory holds', () => {
  const word = fc.oneof(fc.bigInt(0n, 0xffffn), fc.bigInt(0n, 2n ** 64n - 1n), fc.constantFrom(0n, V, V | LEAF));
  const access = fc.constantFrom<Access>('read', 'write', 'execute');

  /** Whether a change leads to what it says, made for real. */
  function happens(of: Case, flip: Flip, memory: Memory): Translation {
    const mmu = machine(deepMmu(toy3), of.state ?? {});
    const query = { root: of.root ?? 0x1000n, addr: vaddr(ADDR), access: of.access ?? ('read' as const) };
    if (flip.kind === 'state') return translate(mmu.in({ [flip.name]: flip.value }), memory, query);
    if (flip.kind === 'root') return translate(mmu, memory, { ...query, root: flip.root });
    memory.write(flip.at as Paddr, 8, 'little', flip.entry);
    return translate(mmu, memory, query);
  }

  test('each change gives what it says, memory is as it was, and the number of reads is bounded', () => {
    const state = fc.record({ user: fc.boolean(), flag: fc.boolean(), smep: fc.boolean(), closed: fc.boolean() });
    fc.assert(
      fc.property(word, word, word, state, access, (pgd, pmd, pte, of, how) => {
        const one: Case = { pgd: pgd | V | 0x1080n, pmd: pmd | V | 0x1040n, pte, state: of, access: how };
        const memory = countingMemory(memoryOf(one));
        const query = { root: 0x1000n, addr: vaddr(ADDR), access: how };
        const explained = explain(machine(deepMmu(toy3), of), memory, query);
        expect(memory.reads).toBeLessThan(3 * (3 * 64 + 64 + 4 + 2));
        expect(explained.result).toEqual(translate(machine(deepMmu(toy3), of), memoryOf(one), query));
        for (const { flip, result } of explained.changes) expect(happens(one, flip, memoryOf(one))).toEqual(result);
        for (const { flip, result } of explained.changes)
          if (result.kind === 'fault' && flip.kind === 'entry')
            expect(result.path.length).toBeGreaterThanOrEqual(explained.steps.length - 1);
      }),
      property,
    );
  });

  test.each(toys.map((arch) => [arch.id, arch] as const))('%s: a story for every address', (_id, arch) => {
    fc.assert(
      fc.property(arbitrarySpace(arch), fc.bigInt(0n, 2n ** 64n - 1n), access, ({ mm, mappings }, more, how) => {
        for (const addr of [more, ...mappings.map((one) => one.addr)]) {
          const { result, steps } = explain(machine(linuxMmu(arch)), mm.memory, {
            ...{ root: mm.root ?? 0n, addr: vaddr(addr), access: how },
          });
          expect(steps.map(({ entry }) => entry)).toEqual(result.path.map(({ entry }) => entry));
          for (const { fields } of steps) expect(fields.length).toBeGreaterThan(0);
        }
      }),
      { ...property, numRuns: property.numRuns / 2 },
    );
  });

  test('nothing at all', () => {
    const memory = flatMemory(new ArrayBuffer(0));
    const query = { root: 0x1000n, addr: vaddr(0n), access: 'read' } as const;
    expect(explain(machine(deepMmu(toy3)), memory, query)).toMatchObject({ steps: [], result: { name: 'bus' } });
  });
});
