/** Translations in words: the answer in one line, and the way to it. */
import {
  explain,
  type Machine,
  type Memory,
  pictureOfExplained,
  type Query,
  type Translation,
} from '@kernel-mm/pgtable-core';

/** A word as people write it. */
export const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** An address, or a fault by its name and code. */
export function tellAnswer(got: Translation): string {
  if (got.kind === 'address') return `physical ${hex(got.paddr)}`;
  return got.code === undefined ? got.name : `${got.name} ${hex(got.code)}`;
}

/** The walk explained: each entry that was read, what it says, and the rights that it leaves. */
export const tellWalk = (machine: Machine, memory: Memory, query: Query): string =>
  pictureOfExplained(explain(machine, memory, query));
