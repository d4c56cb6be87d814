/** A range is no mapping: swapped arguments do not compile. */
import type { Prot } from '@kernel-mm/pgtable-core';
import { test } from 'vitest';
import {
  changeProtection,
  type Gather,
  type MappedRange,
  madviseFree,
  type Range,
  unmapPageRange,
  unmapSingleVma,
  type WalkerOf,
  type WalkVma,
  walkPageRange,
  zapPageRange,
} from '../../src/index.ts';

declare const walker: WalkerOf;
declare const range: Range;
declare const vma: MappedRange;
declare const walked: WalkVma;
declare const gather: Gather;
declare const prot: Prot;

test('who walks, where, what is there, what to do', () => {
  zapPageRange(walker, range, vma);
  unmapPageRange(walker, range, vma, gather);
  unmapSingleVma(walker, range, vma, gather);
  walkPageRange(walker, range, [walked], {});
});

test('a range in the place of a mapping', () => {
  // @ts-expect-error a mapping has more than a range
  zapPageRange(walker, vma, range);
  // @ts-expect-error the same
  unmapPageRange(walker, vma, range, gather);
  // @ts-expect-error the same
  unmapSingleVma(walker, vma, range, gather);
  // @ts-expect-error the same
  madviseFree(walker, walked, range, { pages: {} as never });
  // @ts-expect-error mappings are a list
  walkPageRange(walker, [walked], range, {});
});

test('what to do comes behind where', () => {
  // @ts-expect-error rights are no range
  changeProtection(walker, prot, range);
  // @ts-expect-error a gather is no mapping
  unmapPageRange(walker, range, gather, vma);
});
