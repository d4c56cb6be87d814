/** Swap entries: neither none nor present, and the page that went in comes out. */
import { type Arch, type Entry, type Level, makeSwap, maskOf, swapOf } from '@kernel-mm/pgtable-core';
import type { Claim } from '../claim.ts';
import { hex } from '../tell.ts';
import { all, and, eq, lt, ne, or, shl, shr, type Term, xor } from '../term.ts';
import { readLevels } from './formats.ts';
import { type Answers, answers } from './kinds.ts';

/** The claims of entries that say where a page was swapped out to. */
export const swapClaims = (arch: Arch): Claim[] => readLevels(arch).flatMap((level) => swapKind(arch, level));

function swapKind(arch: Arch, level: Level): Claim[] {
  const { swap, is } = arch.spec.levels[level];
  if (!swap) return [];
  const part = (field: typeof swap.type): { most: bigint; put: (value: Term) => Term } => ({
    most: maskOf(field) >> BigInt(field.lo),
    put: (value) => and(shl(value, BigInt(field.lo)), maskOf(field)),
  });
  const [type, offset] = [part(swap.type), part(swap.offset)];
  const stored = swap.inverted ? xor(offset.put('offset'), maskOf(swap.offset)) : offset.put('offset');
  const entry = or(or(stored, type.put('type')), swap.base);
  const wanted: Answers = { none: false, present: false, ...(is.swap !== undefined && { swap: true }) };
  const claim = answers(
    arch,
    level,
    { law: 'kinds', name: 'swap entry', wanted, entry },
    {
      // Page 0 of a device is its header, and the last one is beyond its end.
      given: [ne('offset', 0n), lt('offset', offset.most), lt('type', type.most + 1n)],
      least: ['offset', 'type'],
      made: ({ offset = 0n, type = 0n }) => makeSwap(arch, level, { type, offset }),
    },
  );
  const back = swap.inverted ? xor(entry, maskOf(swap.offset)) : entry;
  const holds = (field: typeof swap.type, word: Term, value: Term): Term =>
    eq(shr(and(word, maskOf(field)), BigInt(field.lo)), value);
  return [
    claim,
    {
      ...claim,
      law: 'codec',
      follows: all(holds(swap.offset, back, 'offset'), holds(swap.type, entry, 'type')),
      replay({ offset = 0n, type = 0n }) {
        const made = makeSwap(arch, level, { type, offset });
        const found = made === undefined ? undefined : swapOf(arch, level, made as Entry);
        return {
          keeps: found?.offset === offset && found.type === type,
          story: [`page ${offset} of device ${type} swapped out is ${made === undefined ? 'no entry' : hex(made)}`],
        };
      },
    },
  ];
}
