/** The laws of a definition, run and told: which hold, which are broken, which ask nothing and what would make them ask. */
import { defineArch } from '../define-arch.ts';
import type { Arch } from '../geometry.ts';
import { mutantsOf } from '../mutants.ts';
import { type Law, LawBroken, type LawOptions } from './law.ts';
import { archLaws } from './laws.ts';

/** What became of one law. */
export interface LawResult {
  readonly law: string;
  /** The law in a sentence. */
  readonly says: string;
  /** `unasked`: the definition says nothing of it. That is no pass. */
  readonly kind: 'holds' | 'broken' | 'unasked';
  /** Of a broken law: what was asked, what was answered, the least case. */
  readonly why?: string;
  /** What to add to the definition for the law to ask more, for example `levels.pte.mk.clean`. */
  readonly add: readonly string[];
}

/** All laws of one definition. */
export interface LawReport {
  readonly arch: string;
  readonly results: readonly LawResult[];
  /** Wrong definitions, each by one number, that are no better noticed than the right one; only where it was asked. */
  readonly mutants?: Standing;
}

/** How many wrong numbers nothing notices. */
export interface Standing {
  readonly all: number;
  /** Each wrong number that stands, for example `levels.pte.leaf.fields.PFN.lo: 11 instead of 12`. */
  readonly stand: readonly string[];
}

/** How thoroughly to look. */
export interface ReportOptions extends LawOptions {
  /** Whether the wrong definitions are tried as well: minutes instead of seconds. Default: no. */
  readonly mutants?: boolean;
}

/** Runs every law of a definition; nothing is thrown for what is broken. */
export function runLaws(arch: Arch, { mutants, ...options }: ReportOptions = {}): LawReport {
  const report = { arch: arch.id, results: archLaws(arch, options).map(lawResult) };
  return mutants ? { ...report, mutants: standingMutants(arch, options) } : report;
}

/** Runs one law, of a definition or of a stepper; nothing is thrown where it is broken. */
export function lawResult({ name, says, lacks, applies, check }: Law): LawResult {
  const level = /^(pgd|p4d|pud|pmd|pte)_/.exec(name)?.[1];
  const add = lacks.map((what) => (level ? `levels.${level}.${what}` : `levels.….${what}`));
  const of = { law: name, says, add };
  if (!applies) return { ...of, kind: 'unasked' };
  const why = brokenBy(check);
  return why === undefined ? { ...of, kind: 'holds' } : { ...of, kind: 'broken', why };
}

/**
 * Which wrong numbers neither `defineArch` nor a law notices: each number of the definition is moved by one. A law that
 * the right definition breaks says nothing.
 */
export function standingMutants(arch: Arch, options: LawOptions = {}): Standing {
  const lawsOf = (of: Arch) => archLaws(of, { runs: 12, ...options }).filter(({ applies }) => applies);
  const kept = new Set(
    lawsOf(arch)
      .filter(({ check }) => brokenBy(check) === undefined)
      .map(({ name }) => name),
  );
  const mutants = mutantsOf(arch.spec);
  const isNoticed = (wrong: Arch): boolean =>
    lawsOf(wrong).some(({ name, check }) => kept.has(name) && brokenBy(check) !== undefined);
  const stand = mutants.filter(({ spec }) => {
    try {
      return !isNoticed(defineArch(spec));
    } catch {
      // Refused by defineArch, or so wrong that there are no cases to ask the laws of.
      return false;
    }
  });
  const word = (value: number | bigint): string => (typeof value === 'bigint' ? `0x${value.toString(16)}` : `${value}`);
  return { all: mutants.length, stand: stand.map(({ at, from, to }) => `${at}: ${word(to)} instead of ${word(from)}`) };
}

function brokenBy(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof LawBroken) return error.message;
    throw error;
  }
}

/** The report in words: broken laws first, then what holds, what asks nothing and what would make it; last how much that is. */
export function formatReport({ arch, results, mutants }: LawReport): string {
  const of = (kind: LawResult['kind']): LawResult[] => results.filter((one) => one.kind === kind);
  const unasked = of('unasked').map(({ law, add }) => `  ${law}: say ${add.join(', ')}`);
  const asked = results.length - unasked.length;
  const broken = of('broken');
  return [
    ...broken.map(({ why }) => why ?? ''),
    ...(mutants?.stand ?? []).map((one) => `nothing notices ${one}`),
    ...of('holds').map(({ law, says }) => `${law} holds: ${says}`),
    ...(unasked.length ? ['These laws ask nothing:', ...unasked] : []),
    `${arch}: ${asked} of ${results.length} laws apply, ${broken.length ? `${broken.length} of them broken` : 'all of them hold'}` +
      (mutants ? `; ${mutants.stand.length} of ${mutants.all} wrong numbers would stand` : ''),
  ].join('\n');
}
