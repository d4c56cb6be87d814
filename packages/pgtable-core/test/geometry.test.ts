import { expect, test } from 'vitest';
import { type Arch, defineArch, indexAt, LEVELS } from '../src/index.ts';
import { toy3, toy3Spec, toy32, toyBoot, toyProcess } from './support/toys.ts';

const numbers = (arch: Arch): (readonly [number, bigint, number, number, number])[] =>
  LEVELS.map((level) => {
    const { shift, size, bits, entries, tableBytes } = arch.geometry[level];
    return [shift, size, bits, entries, tableBytes] as const;
  });

test('three levels: a level folded in top style has the shift of its parent and one entry', () => {
  expect(numbers(toy3)).toEqual([
    [19, 1n << 19n, 2, 4, 32],
    [19, 1n << 19n, 0, 1, 8],
    [19, 1n << 19n, 0, 1, 8],
    [15, 1n << 15n, 4, 16, 128],
    [12, 1n << 12n, 3, 8, 64],
  ]);
});

test('a level folded in middle style keeps a size of its own', () => {
  expect(numbers(toyBoot).slice(0, 3)).toEqual([
    [22, 1n << 22n, 2, 4, 32],
    [22, 1n << 22n, 0, 1, 8],
    [19, 1n << 19n, 3, 8, 64],
  ]);
});

test('levels folded per process have the sizes of five levels', () => {
  expect(numbers(toyProcess).map(([shift]) => shift)).toEqual([24, 21, 18, 15, 12]);
  expect(numbers(toyProcess).every(([, , , entries, bytes]) => entries === 8 && bytes === 64)).toBe(true);
});

test('entries of 4 bytes make tables half as large', () => {
  expect(numbers(toy32)[0]).toEqual([22, 1n << 22n, 10, 1024, 4096]);
  expect(numbers(toy32)[4]).toEqual([12, 1n << 12n, 10, 1024, 4096]);
});

test('a top-style fold may keep a constant number of entries, which its index cannot reach', () => {
  const { pud } = toy3Spec.levels;
  const levels = { ...toy3Spec.levels, pud: { ...pud, fold: { ...pud.fold!, entries: 512 } } };
  expect(defineArch({ ...toy3Spec, levels }).geometry.pud).toMatchObject({ bits: 0, entries: 512, shift: 19 });
});

test('the index of an address', () => {
  expect(indexAt(0xffff_ffff_ffff_ffffn, 12, 9)).toBe(511n);
  expect(indexAt(0x1f_f000n, 12, 9)).toBe(511n);
  expect(indexAt(0x20_0000n, 12, 9)).toBe(0n);
  expect(indexAt(0x20_0000n, 21, 9)).toBe(1n);
  expect(indexAt(0xffff_ffffn, 30, 0)).toBe(0n);
});
