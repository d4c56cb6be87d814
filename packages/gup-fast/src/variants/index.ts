/** All variants on one page, and under which folds each is safe. */
import type { Stepper } from '@kernel-mm/pgtable-core';
import { dummyRead } from './dummy-read.ts';
import { entryAware } from './entry-aware.ts';
import { folded } from './folded.ts';
import { hwPointer } from './hw-pointer.ts';
import { inlineTyped } from './inline-typed.ts';
import { offsetLockless } from './offset-lockless.ts';
import { offsetLocklessStrict } from './offset-lockless-strict.ts';
import { readAgain } from './read-again.ts';
import { stackCopy } from './stack-copy.ts';

/**
 * The kinds of folding that tell the variants apart: levels folded with their parent's shift (`static`: at build time,
 * or at boot on x86 and RISC-V), per process (`dynamic`: s390), and a build-time fold whose lockless form is the generic
 * one above a middle-style fold at boot (`nested`: arm64 before v6.11, 16 KiB pages, 52-bit addresses, no LPA2).
 */
export type FoldKind = 'static' | 'dynamic' | 'nested';

/** What a variant keeps under a kind of folding, in memory that nobody writes; the tests derive every cell from walks. */
export interface Safety {
  /** Every entry read is the one a walk of that address alone reads, and none lies outside the tables. */
  readonly addressCorrect: boolean;
  /** Whenever a loop goes on, `slot + 1` is what pXd_offset of the parent gives for `next`. */
  readonly law: boolean;
}

/** A variant, its place in history, and its safety. */
export interface Variant {
  /** The form itself, to be handed to a walk. */
  readonly stepper: Stepper;
  /** The Linux versions or the patch that walk like this. */
  readonly where: string;
  /** Under which kinds of folding it is right. */
  readonly safety: Readonly<Record<FoldKind, Safety>>;
}

const both: Safety = { addressCorrect: true, law: true };
const neither: Safety = { addressCorrect: false, law: false };
const addressOnly: Safety = { addressCorrect: true, law: false };
/** Wrong at the first use of the pointer, although each loop advances it by the rule. */
const lawOnly: Safety = { addressCorrect: false, law: true };

/** The name of a variant. */
export type VariantName =
  | 'stackCopy'
  | 'folded'
  | 'entryAware'
  | 'inlineTyped'
  | 'offsetLockless'
  | 'offsetLocklessStrict'
  | 'dummyRead'
  | 'hwPointer'
  | 'readAgain';

/** The forms of gup_fast, oldest first; the last is that of another walker, s390's locked look-up of a pte. */
export const VARIANTS: Readonly<Record<VariantName, Variant>> = {
  stackCopy: {
    stepper: stackCopy,
    where: 'Linux v5.2 … v5.9-rc6',
    safety: { static: both, dynamic: neither, nested: lawOnly },
  },
  folded: { stepper: folded, where: 'series v2, patch 1', safety: { static: both, dynamic: both, nested: lawOnly } },
  entryAware: {
    stepper: entryAware,
    where: 'series v2, patch 2',
    safety: { static: both, dynamic: both, nested: lawOnly },
  },
  inlineTyped: {
    stepper: inlineTyped,
    where: 'series v2, patch 3',
    safety: { static: both, dynamic: both, nested: lawOnly },
  },
  offsetLockless: {
    stepper: offsetLockless,
    where: 'merged: d3f7b1bb2040, every version since v5.9',
    safety: { static: both, dynamic: addressOnly, nested: lawOnly },
  },
  offsetLocklessStrict: {
    stepper: offsetLocklessStrict,
    where: 'no merged kernel; arm64 alone, at p4d, since v6.11 (36639013b346)',
    safety: { static: both, dynamic: addressOnly, nested: both },
  },
  dummyRead: {
    stepper: dummyRead,
    where: 'RFC of July 2026, not merged',
    safety: { static: both, dynamic: addressOnly, nested: both },
  },
  hwPointer: {
    stepper: hwPointer,
    where: 'series v3 of September 2026, not merged',
    safety: { static: both, dynamic: addressOnly, nested: both },
  },
  readAgain: {
    stepper: readAgain,
    where: 's390, not gup_fast: v7.1 … v7.1.4, CVE-2026-72291',
    safety: { static: both, dynamic: addressOnly, nested: both },
  },
};

export type { MacroStepper, Untyped } from './entry-aware.ts';
export type { HwStepper, HwVisit } from './hw-pointer.ts';
export {
  dummyRead,
  entryAware,
  folded,
  hwPointer,
  inlineTyped,
  offsetLockless,
  offsetLocklessStrict,
  readAgain,
  stackCopy,
};
