/** A definition becomes an architecture here, checked once; nothing behind this door checks it again. */
import type { ArchSpec, Change, LevelSpec, Predicate } from './arch.ts';
import { checkLevel, checkRoot } from './check-arch.ts';
import { ArchError } from './errors.ts';
import { type Env, type Expr, evaluator, type Var, varsOf } from './expr.ts';
import { type Arch, type Geometry, geometryOf, type Rules } from './geometry.ts';
import { LEVELS, type Level } from './level.ts';
import { checkShape } from './shape.ts';

/**
 * Checks a definition and makes it an architecture.
 * @throws {@link ArchError} with the place and the rule that is broken.
 */
export function defineArch(spec: ArchSpec): Arch {
  checkShape(spec);
  checkGeometry(spec);
  const geometry = geometryOf(spec);
  const rules = {} as Record<Level, Rules>;
  for (const level of LEVELS) rules[level] = rulesOf(level, spec.levels[level], geometry[level]);
  const untagged = ready('va.untagged', spec.va.untagged ?? 'addr', ['addr', 'root']);
  const arch: Arch = { id: spec.id, spec, entryBytes: spec.entryBytes ?? 8, geometry, rules, untagged };
  checkRoot(arch);
  for (const level of LEVELS) checkLevel(arch, level);
  return Object.freeze(arch);
}

function checkGeometry(spec: ArchSpec): void {
  const whole = (where: string, value: number, low: number, high: number): void => {
    if (!Number.isInteger(value) || value < low || value > high)
      throw new ArchError('geometry', where, `${value} is not a whole number from ${low} to ${high}`);
  };
  whole('pageShift', spec.pageShift, 1, 30);
  if (spec.entryRead && spec.entryBytes === 4)
    throw new ArchError('malformed', 'entryRead', 'an entry of 4 bytes is read in one load');
  let total = spec.pageShift;
  for (const level of LEVELS) {
    const { bits, fold } = spec.levels[level];
    whole(`levels.${level}.bits`, bits, fold?.style === 'top' ? 0 : 1, fold?.style === 'top' ? 0 : 20);
    if (fold && (level === 'pgd' || level === 'pte'))
      throw new ArchError('fold', `levels.${level}`, 'the top and the last level cannot be folded into another');
    if (fold?.style === 'middle' && fold.when === 'build')
      throw new ArchError('fold', `levels.${level}`, 'a fold at build time is top style');
    checkSlots(level, spec.levels[level], spec.entryBytes ?? 8);
    total += bits;
  }
  whole('pageShift and all bits together', total, 1, 64);
  if (spec.va.bits !== undefined) whole('va.bits', spec.va.bits, spec.pageShift, total);
}

/** Slots and shadows made of whole words, no shadow on another entry. */
function checkSlots(level: Level, { bits, slotBytes, tableBytes = 1, shadow }: LevelSpec, entryBytes: number): void {
  const refuse = (name: string, rule: string): never => {
    throw new ArchError('geometry', `levels.${level}.${name}`, rule);
  };
  const words = (bytes: number): boolean => Number.isInteger(bytes / entryBytes) && bytes > 0;
  const slot = slotBytes ?? entryBytes;
  if (!words(slot)) refuse('slotBytes', `${slot} is not a multiple of the ${entryBytes} bytes of an entry`);
  if (!Number.isInteger(Math.log2(tableBytes))) refuse('tableBytes', `${tableBytes} is not a power of 2`);
  if (!shadow) return;
  if (!words(shadow.at)) refuse('shadow.at', `${shadow.at} is not a multiple of the ${entryBytes} bytes of an entry`);
  if (shadow.at % slot === 0 && shadow.at < 2 ** bits * slot) refuse('shadow.at', `${shadow.at} lies on another entry`);
}

/** An expression ready to be asked, which looks at nothing but what it may. */
function ready(where: string, e: Expr, allowed: readonly Var[]): (env: Env) => bigint {
  try {
    const run = evaluator(e);
    const foreign = [...varsOf(e)].filter((v) => !allowed.includes(v));
    if (foreign.length) throw new TypeError(`looks at ${foreign.join(', ')}; it may look at ${allowed.join(', ')}`);
    return run;
  } catch (error) {
    throw new ArchError('expression', where, error instanceof Error ? error.message : String(error));
  }
}

function rulesOf(level: Level, spec: LevelSpec, geometry: Geometry): Rules {
  const rule = (name: string, e: Expr, allowed: readonly Var[]): ((env: Env) => bigint) =>
    ready(`levels.${level}.${name}`, e, allowed);
  const truth = (name: string, e: Expr, allowed: readonly Var[]): ((env: Env) => boolean) => {
    const run = rule(name, e, allowed);
    return (env) => run(env) !== 0n;
  };
  const is: Partial<Record<Predicate, (env: Env) => boolean>> = {};
  for (const [name, e] of Object.entries(spec.is)) is[name as Predicate] = truth(`is.${name}`, e, ['entry']);
  const mk: Partial<Record<Change, (env: Env) => bigint>> = {};
  for (const [name, e] of Object.entries(spec.mk ?? {})) mk[name as Change] = rule(`mk.${name}`, e, ['entry']);
  return {
    is,
    mk,
    folded: spec.fold && truth('fold.if', spec.fold.if ?? 1n, ['entry', 'root']),
    foldedSlot: rule('fold.slot', spec.fold?.slot ?? 'slot', ['slot', 'addr']),
    covers: rule('covers', spec.covers ?? BigInt(geometry.shift), ['entry', 'root']),
    shadow: spec.shadow && rule('shadow.value', spec.shadow.value, ['entry']),
    inverted: truth('leaf.inverted', spec.leaf?.inverted ?? 0n, ['entry']),
    first: spec.leaf?.first === undefined ? undefined : rule('leaf.first', spec.leaf.first, ['entry']),
    leafShift: rule('leaf.shift', spec.leaf?.shift ?? BigInt(geometry.shift), ['entry']),
    hugepd: spec.hugepd && {
      is: truth('hugepd.is', spec.hugepd.is, ['entry']),
      shift: rule('hugepd.shift', spec.hugepd.shift, ['entry']),
    },
  };
}
