/** A definition becomes an architecture here, checked once; nothing behind this door checks it again. */
import type { ArchSpec, Change, FoldSpec, Predicate } from './arch.ts';
import { coveredShift, hugepdShift, leafShift } from './bounds.ts';
import { checkLevel, checkRoot, checkTable } from './check-arch.ts';
import { checkNumbers } from './check-numbers.ts';
import { ArchError } from './errors.ts';
import { type Env, type Expr, evaluator, type Var, varsOf } from './expr.ts';
import { type Arch, type Geometry, geometryOf, type Rules } from './geometry.ts';
import { LEVELS, type Level } from './level.ts';
import { checkShape } from './shape.ts';
import { checkTree } from './tree.ts';

/**
 * Checks a definition and makes it an architecture.
 * @throws {@link ArchError} with the place and the rule that is broken.
 */
export function defineArch(spec: ArchSpec): Arch {
  checkTree(spec);
  checkShape(spec);
  checkNumbers(spec);
  checkFolds(spec);
  const geometry = geometryOf(spec);
  const rules = {} as Record<Level, Rules>;
  for (const level of LEVELS) rules[level] = rulesOf(spec, geometry, level);
  const untagged = ready('va.untagged', spec.va.untagged ?? 'addr', ['addr', 'root']);
  const arch: Arch = { id: spec.id, spec, entryBytes: spec.entryBytes ?? 8, geometry, rules, untagged };
  checkRoot(arch);
  for (const level of LEVELS) checkTable(arch, level);
  for (const level of LEVELS) checkLevel(arch, level);
  return Object.freeze(arch);
}

/** Which levels may be folded, and how. */
function checkFolds({ levels, fastGup }: ArchSpec): void {
  for (const level of LEVELS) {
    const { fold } = levels[level];
    const where = `levels.${level}`;
    if (!fold) continue;
    if (level === 'pgd') throw new ArchError('fold', where, 'the top level has none above it to be folded into');
    if (level === 'pte') checkFoldedPte(fold, fastGup);
    if (fold.style === 'middle' && fold.when === 'build')
      throw new ArchError('fold', where, 'a fold at build time is top style');
    if (fold.style === 'middle' && fold.when === 'boot' && fold.if === undefined && fold.slot === undefined)
      throw new ArchError('fold', `${where}.fold.slot`, 'a middle-style fold at boot keeps an index: of which slot?');
  }
}

/** A machine of one level: the entries of its one table are the ptes. No kernel has it, and so no lockless walk. */
function checkFoldedPte({ when, if: sometimes, slot }: FoldSpec, fastGup: false | undefined): void {
  if (when !== 'build' || sometimes !== undefined || slot !== undefined)
    throw new ArchError('fold', 'levels.pte', 'the last level is folded when built and always, or not at all');
  if (fastGup !== false) throw new ArchError('fold', 'levels.pte', 'above a folded last level fastGup is false');
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

/** A shift, and whether an entry says one within bounds; without the latter every entry does. */
interface Bounds {
  readonly shift: (env: Env) => bigint;
  readonly fits?: (env: Env) => bigint;
}

function rulesOf(whole: ArchSpec, geometry: Readonly<Record<Level, Geometry>>, level: Level): Rules {
  const spec = whole.levels[level];
  const rule = (name: string, e: Expr, allowed: readonly Var[]): ((env: Env) => bigint) =>
    ready(`levels.${level}.${name}`, e, allowed);
  const truth = (name: string, e: Expr, allowed: readonly Var[]): ((env: Env) => boolean) => {
    const run = rule(name, e, allowed);
    return (env) => run(env) !== 0n;
  };
  /** Within bounds whatever the entry; refused where it never is. */
  const shift = (name: string, e: Expr | undefined, of: typeof leafShift, allowed: readonly Var[]): Bounds => {
    if (e !== undefined) rule(name, e, allowed);
    const { shift, fits } = of(whole, geometry, level);
    if (fits === 0n)
      throw new ArchError(
        'expression',
        `levels.${level}.${name}`,
        `is never from ${whole.pageShift} to 63, as log2 of a size must be`,
      );
    return { shift: evaluator(shift), ...(fits !== 1n && { fits: evaluator(fits) }) };
  };
  const leaf = shift('leaf.shift', spec.leaf?.shift, leafShift, ['entry']);
  const is: Partial<Record<Predicate, (env: Env) => boolean>> = {};
  for (const [name, e] of Object.entries(spec.is)) is[name as Predicate] = truth(`is.${name}`, e, ['entry']);
  const mk: Partial<Record<Change, (env: Env) => bigint>> = {};
  for (const [name, e] of Object.entries(spec.mk ?? {})) mk[name as Change] = rule(`mk.${name}`, e, ['entry']);
  return {
    is,
    mk,
    folded: spec.fold && truth('fold.if', spec.fold.if ?? 1n, ['entry', 'root']),
    foldedSlot: rule('fold.slot', spec.fold?.slot ?? 'slot', ['slot', 'addr']),
    covers: shift('covers', spec.covers, coveredShift, ['entry', 'root']).shift,
    shadow: spec.shadow && rule('shadow.value', spec.shadow.value, ['entry']),
    inverted: truth('leaf.inverted', spec.leaf?.inverted ?? 0n, ['entry']),
    first: spec.leaf?.first === undefined ? undefined : rule('leaf.first', spec.leaf.first, ['entry']),
    leafShift: leaf.shift,
    leafFits: leaf.fits && ((env) => leaf.fits?.(env) !== 0n),
    hugepd: spec.hugepd && {
      is: truth('hugepd.is', spec.hugepd.is, ['entry']),
      shift: shift('hugepd.shift', spec.hugepd.shift, hugepdShift, ['entry']).shift,
    },
  };
}
