/** An MMU in one state, its rules checked and ready to be asked. */
import { spanOf } from './bounds.ts';
import { checkArch, checkFunction, checkObject, checkParts } from './doors.ts';
import { ArchError, kindOf, UsageError } from './errors.ts';
import { type Env, type Expr, evaluator, varsOf } from './expr.ts';
import type { Arch } from './geometry.ts';
import type { FaultRule, Hardware, LevelReading, Mmu, PageReading, Taking } from './hardware.ts';
import { LEVELS, type Level } from './level.ts';
import type { EntryBytes } from './memory.ts';

/** An MMU in one state. Made by {@link machine}; hand it to `translate`, `ranges` and `explain`. */
export interface Machine {
  readonly arch: Arch;
  readonly hardware: Hardware;
  /** The state, every key said. */
  readonly state: Readonly<Record<string, unknown>>;
  readonly entryBytes: EntryBytes;
  readonly levels: Readonly<Partial<Record<Level, Reading>>>;
  /** The same MMU in another state. */
  in(changes: Readonly<Record<string, unknown>>): Machine;
}

/** An expression, ready to be asked. */
export type Ask = (env: Env) => bigint;
/** What has a condition, the condition ready to be asked. */
export type Ready<T extends { readonly when: Expr }> = Omit<T, 'when'> & { readonly when: Ask };

/** {@link LevelReading}, ready to be asked. */
export interface Reading {
  readonly rules: readonly Ready<FaultRule>[];
  readonly leaf: Ask;
  readonly slotBytes?: number;
  readonly table?: { readonly base: Ask; readonly bits?: Ask; readonly takes: readonly Ready<Taking>[] };
  readonly page?: { readonly base: Ask; readonly shift?: Ask; readonly takes: readonly Ready<Taking>[] } & Pick<
    PageReading,
    'unaligned'
  >;
}

type State = Machine['state'];

/** Machines made, by MMU: the one asked for last comes first. */
const MADE = new WeakMap<object, Machine[]>();
/** More states than a guest's traps switch between; and few enough to look through. */
const KEPT = 32;

/**
 * The MMU in the state that `state` says, and its defaults where it says nothing. To make one costs more than many walks, so
 * the last 32 of each MMU are kept: the same MMU in the same state is the same object.
 * @throws {@link UsageError} `argument` for a part of the state of another kind or out of its limits;
 * {@link ArchError} `expression` for a rule that is not understood
 */
export function machine<S extends object>(mmu: Mmu<S>, state: Partial<NoInfer<S>> = {}): Machine {
  checkMmu(mmu);
  const full = { ...mmu.defaults, ...state };
  const said: State = { ...full };
  const made = MADE.get(mmu) ?? [];
  const n = made.findIndex((one) => isSameState(one.state, said));
  if (!made[n]) checkState(mmu, said);
  const found = made[n] ?? make(mmu, full, said);
  if (n === 0) return found;
  if (n > 0) made.splice(n, 1);
  MADE.set(mmu, [found, ...made].slice(0, KEPT));
  return found;
}

function isSameState(a: State, b: State): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && Object.is(a[key], b[key]));
}

/** Refuses what is not of the kind that {@link machine} makes. @throws {@link UsageError} `argument` */
export function checkMachine(made: Machine): void {
  checkParts('machine', 'what machine() makes', made, 'arch', 'hardware', 'levels', 'state');
  checkArch(made.arch);
}

function checkMmu(mmu: Mmu): void {
  checkObject('mmu', mmu);
  checkArch(mmu.arch);
  checkObject('mmu.defaults', mmu.defaults);
  checkFunction('mmu.hardware', mmu.hardware);
}

/** The most that a part of the state can be, by the kind of its default. */
const MOST = { bigint: (1n << 64n) - 1n, number: 64n } as const;

/** Each part that the MMU knows is of the kind of its default, and within its limits. */
function checkState({ defaults, limits = {} }: Mmu, state: State): void {
  const known: State = { ...defaults };
  for (const [key, value] of Object.entries(state)) {
    // The format of vectors has keys that not every MMU asks.
    if (!Object.hasOwn(known, key)) continue;
    const kind = typeof known[key];
    const refuse = (expected: string): never => {
      throw new UsageError(
        'argument',
        key,
        `${expected}, not ${typeof value === kind ? String(value) : kindOf(value)}`,
      );
    };
    if (typeof value !== kind) refuse(kind === 'boolean' ? 'true or false' : `a ${kind}`);
    if (typeof value !== 'bigint' && typeof value !== 'number') continue;
    const most = MOST[typeof value as keyof typeof MOST];
    const [least, last] = (limits as Readonly<Record<string, readonly [bigint, bigint]>>)[key] ?? [0n, most];
    if ((typeof value === 'number' && !Number.isInteger(value)) || value < least || value > last)
      refuse(`a whole number from ${least} to ${last}`);
  }
}

function make<S extends object>(mmu: Mmu<S>, full: S, state: State): Machine {
  const hardware = mmu.hardware(full);
  const levels: Partial<Record<Level, Reading>> = {};
  for (const level of LEVELS) {
    const said = hardware.levels[level];
    if (said) levels[level] = ready(`${mmu.arch.id} hardware.${level}`, said);
  }
  return {
    ...{ arch: mmu.arch, hardware, levels, state },
    entryBytes: hardware.entryBytes ?? mmu.arch.entryBytes,
    in: (changes: Readonly<Record<string, unknown>>) => machine(mmu, { ...full, ...changes }),
  };
}

function ready(where: string, { rules, leaf, slotBytes, table, page }: LevelReading): Reading {
  const ask = (name: string, e: Expr): Ask => {
    try {
      if (varsOf(e).has('slot')) throw new TypeError('looks at slot; it may look at entry, addr, root');
      return evaluator(e);
    } catch (error) {
      throw new ArchError('expression', `${where}.${name}`, error instanceof Error ? error.message : String(error));
    }
  };
  /** No entry may make it more than an address has. */
  const size = (name: string, e: Expr): Ask => {
    const asked = ask(name, e);
    const [, most] = spanOf(e);
    if (most > 63n) throw new ArchError('expression', `${where}.${name}`, `may be ${most}; 63 is the most`);
    return asked;
  };
  const all = <T extends { readonly when: Expr }>(name: string, of: readonly T[] = []): Ready<T>[] =>
    of.map((one, n) => ({ ...one, when: ask(`${name}[${n}]`, one.when) }));
  // What is neither a leaf nor a table would have nowhere to go.
  if ((!page && leaf !== 0n) || (!table && leaf !== 1n))
    throw new ArchError('missing', where, 'leaf is 0n without a page, 1n without a table, an expression with both');
  return {
    rules: all('rules', rules),
    leaf: ask('leaf', leaf),
    ...(slotBytes !== undefined && { slotBytes }),
    ...(table && {
      table: {
        ...{ base: ask('table.base', table.base), takes: all('table.takes', table.takes) },
        ...(table.bits !== undefined && { bits: size('table.bits', table.bits) }),
      },
    }),
    ...(page && {
      page: {
        ...{ base: ask('page.base', page.base), takes: all('page.takes', page.takes) },
        ...(page.shift !== undefined && { shift: size('page.shift', page.shift) }),
        ...(page.unaligned && { unaligned: page.unaligned }),
      },
    }),
  };
}
