/** What every emitter has at hand while it writes one function. */
import { type Arch, type Expr, LEVELS } from '@kernel-mm/pgtable-core';
import type { Choice } from '../options.ts';
import { type Code, get, Locals, set } from '../wasm/code.ts';
import type { Cold } from './cold.ts';
import { type ExprEmitter, exprEmitter, type Names } from './expr.ts';
import { type Facts, simplify } from './facts.ts';
import { type LevelCode, levelsOf } from './level.ts';
import { type MemoryEmitter, memoryEmitter } from './memory.ts';

/** Whether a slot of this level is in a table, on the stack, or that is to be asked of its own local. */
export type Space = 'memory' | 'stack' | 'either';

/** One function being written, for one architecture. */
export interface Kit {
  readonly arch: Arch;
  readonly choice: Choice;
  readonly levels: readonly LevelCode[];
  readonly locals: Locals;
  readonly cold: Cold;
  readonly memory: MemoryEmitter;
  readonly expr: ExprEmitter;
  /** The levels whose table can be the top one, where that is not said at compile time: none or several. */
  readonly tops: readonly LevelCode[];
  /** The level of the top table, where it is said at compile time. */
  readonly top: LevelCode | undefined;
}

/** The tools for a new function. */
export function kitOf(arch: Arch, choice: Choice): Kit {
  const levels = levelsOf(arch);
  const locals = new Locals();
  const folds = levels.filter(({ fold }) => fold?.when === 'process');
  const top = levels[LEVELS.indexOf(choice.top ?? 'pgd')];
  const isOpen = folds.length > 0 && choice.top === undefined;
  return {
    ...{ arch, choice, levels, locals },
    cold: new Map(),
    memory: memoryEmitter(arch, choice, locals),
    expr: exprEmitter(arch.entryBytes),
    tops: isOpen ? levels.filter((level) => level.index === 0 || folds.includes(level)) : [],
    top: isOpen ? undefined : top,
  };
}

/** The names by which rules know what a function has in its locals. */
export const namesOf = (entry: string, more: Partial<Names> = {}): Names => ({
  entry: get(entry),
  addr: get('$addr'),
  root: ['global.get', '$root'],
  ...more,
});

/** Tells of a read, where the module is one that does. */
export const traced = ({ choice }: Kit, slot: Code): Code[] => (choice.traced ? [['call', '$onRead', slot]] : []);

/** The entry at a slot in memory into a local, its place in memory into another. */
export const readInto = (
  kit: Kit,
  { slot, pointer, entry }: { readonly slot: string; readonly pointer: string; readonly entry: string },
  outside: readonly Code[],
): Code[] => [
  ...traced(kit, get(slot)),
  ...kit.memory.locate(get(slot), kit.locals.of('i32', pointer), outside),
  set(kit.locals.of('i64', entry), kit.memory.entry(kit.memory.load(get(pointer)))),
];

/** The value of a rule under what is known. */
export const ruleValue = ({ expr }: Kit, e: Expr, facts: Facts, names: Names): Code =>
  expr.value(simplify(e, facts), names);
