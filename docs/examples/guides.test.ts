/** The guides against the code: their tables are true, what they include exists, and they are short. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { ARCHITECTURES, arm64, riscv, x86 } from '@kernel-mm/arch-generic';
import { s390, s390Mmu, topOf } from '@kernel-mm/arch-s390';
import {
  type FoldKind,
  memoryPort,
  RULES,
  type Safety,
  VARIANTS,
  type VariantName,
  walkLockless,
} from '@kernel-mm/gup-fast';
import {
  type Arch,
  bumpAllocator,
  createMm,
  entry as entryOf,
  flatMemory,
  formatSize,
  LEVELS,
  map,
  paddr,
  pgdOffset,
  pointerName,
  type RangeStep,
  type ReadOnce,
  readEntry,
  StackArea,
  vaddr,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { spaceWith } from './space.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const guides = readdirSync(new URL('docs/guides/', root)).filter((name) => name.endsWith('.md'));

/** The rows of the table in `guide` whose head begins with `head`, as cells without back quotes. */
function table(guide: string, head: string): string[][] {
  const lines = read(`docs/guides/${guide}`).split('\n');
  const at = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  const rows = lines.slice(at + 2, at + 2 + lines.slice(at + 2).findIndex((line) => !line.startsWith('|')));
  return rows.map((row) =>
    row
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.replaceAll('`', '')),
  );
}

describe.each(guides)('%s', (name) => {
  const text = read(`docs/guides/${name}`);
  const includes = [...text.matchAll(/\{@includeCode \.\.\/examples\/([\w.-]+)(?:#([\w,]+))?\}/g)];

  test('has a title and at most 150 lines', () => {
    expect(text).toMatch(/^---\ntitle: \S.*\n---\n/);
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });

  test('takes its code from examples that are there', () => {
    expect(includes.length).toBe(text.split('{@includeCode').length - 1);
    for (const [, file, regions] of includes) {
      const source = read(`docs/examples/${file}`);
      for (const region of regions?.split(',') ?? []) {
        expect(source.split(`// #region ${region}\n`)).toHaveLength(2);
        expect(source.split(`// #endregion ${region}\n`)).toHaveLength(2);
      }
    }
    expect([...text.matchAll(/^```(.+)$/gm)].map(([, language]) => language).filter((l) => l !== 'text')).toEqual([]);
  });

  test('names files that exist', () => {
    for (const [, path] of text.matchAll(/`((?:packages|docs|test)\/[\w/.-]+\.\w+)`/g))
      expect(existsSync(new URL(path!, root)), path).toBe(true);
    for (const [, path] of text.matchAll(/`(examples\/[\w.-]+)`/g))
      expect(existsSync(new URL(`docs/${path}`, root)), path).toBe(true);
  });
});

test('folding: the table of architectures', () => {
  const archs = [
    x86({ paging: '4-level' }),
    x86({ paging: '5-level' }),
    riscv({ mode: 'sv39' }),
    riscv({ mode: 'sv48' }),
    riscv({ mode: 'sv57' }),
    arm64({ granule: '4k', va: 48 }),
    arm64({ granule: '16k', va: 52, lpa2: false }),
    s390(),
  ];
  const row = ({ id, spec }: Arch): string[] => [
    id,
    ...LEVELS.map((level) => {
      const { bits, fold } = spec.levels[level];
      return [...(bits ? [bits] : []), ...(fold ? [fold.when, fold.style] : [])].join(', ');
    }),
  ];
  expect(table('folding.md', 'id')).toEqual(archs.map(row));
});

test('architectures: the table is what the definitions say', () => {
  const row = ({ id, geometry, spec }: Arch): string[] => {
    const tables = LEVELS.filter((level) => geometry[level].bits > 0);
    const large = LEVELS.filter((level) => level !== 'pte' && spec.levels[level].leaf && spec.levels[level].is.leaf);
    return [
      ...[id, formatSize(geometry.pte.size), String(spec.va.bits ?? geometry.pgd.shift + geometry.pgd.bits)],
      tables.map((level) => `${level} ${geometry[level].shift} (${geometry[level].entries})`).join(', '),
      [...new Set(large.map((level) => formatSize(geometry[level].size)))].join(', '),
    ];
  };
  const archs = [s390Mmu(s390()), ...Object.values(ARCHITECTURES).map((make) => make())].map(({ arch }) => arch);
  expect(table('architectures.md', 'id')).toEqual(archs.map(row));
});

test('variants: the table of safety is the one of VARIANTS', () => {
  const told = ({ addressCorrect, law }: Safety): string => {
    if (addressCorrect) return law ? 'correct, law' : 'correct only';
    return law ? 'law only' : 'neither';
  };
  const kinds: FoldKind[] = ['static', 'dynamic', 'nested'];
  const rows = Object.entries(VARIANTS).map(([name, { safety }]) => [name, ...kinds.map((kind) => told(safety[kind]))]);
  expect(table('variants.md', 'variant')).toEqual(rows);
});

test('variants: the forms, and where they come from', () => {
  const forms = table('variants.md', 'export').map(([name, where]) => [name, where]);
  expect(forms).toEqual(Object.entries(VARIANTS).map(([name, { where }]) => [name, where]));
  const printed = read('docs/examples/every-variant.txt').trimEnd().split('\n');
  expect(printed.map((line) => line.split(' ')[0])).toEqual(Object.keys(VARIANTS) as VariantName[]);
});

test('variants: the bug, step by step', () => {
  const mm = spaceWith(s390(), topOf(3), [0n, 0x7fff_e000n]);
  const place = (at: bigint): string =>
    at - mm.pgd < 0x4000n ? `top[${(at - mm.pgd) / 8n}]` : `real[${(at & 0x3fffn) / 8n}]`;
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  const rows: string[][] = [];
  const onStep = (step: RangeStep): void => {
    const { slot, entry, addr, next } = step;
    const value = entry === mm.memory.read(mm.pgd, 8, 'big') ? 'top[0]' : place(slot.addr);
    const type = rows.length === 0 ? `, type ${(entry >> 2n) & 3n}` : '';
    const pointer = slot.space === 'stack' ? pointerName(mm, step) : place(slot.addr);
    rows.push([String(rows.length + 1), slot.level, hex(addr), pointer, value + type, hex(next)]);
  };
  walkLockless(mm, vaddr(0x7fff_e000n), vaddr(0x8000_2000n), {
    stepper: VARIANTS.stackCopy.stepper,
    port: memoryPort(mm, new StackArea('same')),
    onStep,
  });
  expect(table('variants.md', 'step')).toEqual(rows);
});

test('writers: checked once, read again, read by read', () => {
  const tables = bumpAllocator(paddr(0x1_0000n), paddr(2n ** 20n));
  const mm = createMm(s390(), flatMemory(new ArrayBuffer(2 ** 20)), tables, topOf(3))!;
  const prot = { read: true, write: true, exec: false, user: true };
  map(mm, tables, { addr: vaddr(0n), paddr: paddr(1n << 32n), size: 0x2000n, prot });
  const port = memoryPort(mm);
  const whole = readEntry(mm, pgdOffset(mm, vaddr(0n)));
  const rows: string[][] = [];
  const readOnce: ReadOnce = (slot) => {
    const entry = port.readOnce(slot);
    const at = slot.addr === mm.pgd ? 'top[0]' : `physical 0x${slot.addr.toString(16)}`;
    const value = entry === whole ? 'a table' : `0x${entry?.toString(16)}`;
    rows.push([String(rows.length + 1), slot.level, at, value]);
    if (slot.level === 'pud') writeEntry(mm, slot, entryOf(slot.level, 0x24n));
    return entry;
  };
  const { stepper } = VARIANTS.readAgain;
  const { stop } = walkLockless(mm, vaddr(0n), vaddr(0x2000n), { stepper, port: { ...port, readOnce } });
  expect(stop).toMatchObject({ kind: 'not-present', level: 'pte' });
  expect(table('writers.md', 'read')).toEqual(rows);
});

test('gup-fast: every rule that stops the fast path, in words', () => {
  expect(table('gup-fast.md', 'rule').map(([rule, refuses]) => [rule, refuses])).toEqual(Object.entries(RULES));
});

test('glossary: about 40 terms, in order', () => {
  const terms = [...read('docs/guides/glossary.md').matchAll(/^\*\*(.+?)\*\*: /gm)].map(([, term]) => term!);
  expect(terms.length).toBeGreaterThanOrEqual(40);
  const plain = (term: string): string => term.toLowerCase().replaceAll('_', ' ');
  expect(terms).toEqual([...terms].sort((a, b) => (plain(a) < plain(b) ? -1 : 1)));
});

test('CONTRIBUTING has ten rules on at most 80 lines', () => {
  const text = read('CONTRIBUTING.md');
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(80);
  expect([...text.matchAll(/^\d+\. \*\*.+?\.\*\* /gm)]).toHaveLength(10);
});
