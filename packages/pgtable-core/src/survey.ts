/** What a listing finds at one address: a table to go down into, memory and the rights to it, a problem, or nothing. */
import { paddrWrap, type Vaddr, vaddrWrap } from './brand.ts';
import { varsOf } from './expr.ts';
import type { Arch } from './geometry.ts';
import type { Access, Begin, Page, Query, Step, Table } from './hardware.ts';
import { LEVELS, type Level } from './level.ts';
import type { RangesItem, RangesProblem } from './listing.ts';
import type { Machine } from './machine.ts';
import type { Memory } from './memory.ts';
import { ACCESSES, arrival, type Rule, readSlot, rightsBy, said, takenBy } from './step.ts';

/** A table that a listing stands in, up to which address, and the entries that led there. */
export interface Frame {
  readonly table: Table;
  readonly until: bigint;
  readonly path: readonly Step[];
}

/** Where to go on: down in a table, or at `until`. */
type Seen = { readonly down: Frame } | { readonly until: bigint; readonly item?: RangesItem };

/** The eyes of a listing. */
export interface Survey {
  /** The addresses that the root can reach, as [start, end) in ascending order. */
  readonly reach: readonly (readonly [bigint, bigint])[];
  /** What the root says of an address, for as much as one slot of the first table covers. */
  enter(addr: bigint, stop: bigint): Seen;
  /** What the slot says that an address selects. */
  look(frame: Frame, addr: bigint): Seen;
}

const SPACE = 1n << 64n;
/** The next multiple of 2^`shift` after `addr`, or `stop` if that comes first. */
function after(addr: bigint, shift: number, stop: bigint): bigint {
  const next = ((addr >> BigInt(shift)) + 1n) << BigInt(shift);
  return next < stop ? next : stop;
}

/** @param start where parts of the address space have roots of their own, the part in which it lies is meant */
export function survey(given: Machine, memory: Memory, root: bigint, start: bigint): Survey {
  // Privileges differ in their rights only: where the entries lead is the same for both.
  const privileges = 'user' in given.state ? [given.in({ user: true }), given.in({ user: false })] : [given];
  const machine = privileges.at(-1)!;
  const { hardware, levels, arch } = machine;
  const byAddress = rulesByAddress(machine);
  const absent = rulesOfEmpty(machine, root);
  const query = (addr: bigint, access: Access = 'read'): Query => ({ root, addr: addr as Vaddr, access });
  const ends = arch.spec.va.extend === 'halves' && start >> 63n ? [start, SPACE - 1n] : [start, 0n];
  const within = ends.find((addr) => hardware.begin(query(addr)).kind !== 'refused') ?? start;
  const first = hardware.begin(query(within));

  /** A rule that looks at the address is asked again for each slot of the table below: one entry may refuse some. */
  const refuses = (addr: bigint, { level, entry }: Step): boolean =>
    byAddress.size > 0 && levels[level]!.rules.some((rule) => byAddress.has(rule) && rule.when({ entry, addr, root }));

  type Told = Pick<RangesProblem, 'problem' | 'why' | 'level' | 'table' | 'at' | 'entry'>;
  function trouble(addr: bigint, until: bigint, kind: string, told: Told, path: readonly Step[] = []): Seen {
    const fault = hardware.fault(kind, {
      query: query(addr),
      path,
      taken: [],
      ...(told.level && { level: told.level }),
    });
    return { until, item: { kind: 'problem', ...told, start: vaddrWrap(addr), end: vaddrWrap(until), fault } };
  }

  function mapped(addr: bigint, stop: bigint, path: readonly Step[], page: Page): Seen {
    const until = after(addr, page.shift, stop);
    const refusals: string[] = [];
    const [user, supervisor = user] = privileges.map((one) => {
      const taken = takenBy(one, path, query(addr));
      return rightsBy((access) => {
        const asked = query(addr, access);
        const begun = one.hardware.begin(asked);
        const answer = begun.kind === 'refused' ? begun : one.hardware.settle(arrival(one, asked, path, page, taken));
        if (answer.kind === 'refused') refusals.push(answer.why);
        return answer.kind !== 'refused';
      });
    });
    const { paddr } = arrival(machine, query(addr), path, page, []);
    const level = path.at(-1)?.level;
    const item: RangesItem = {
      ...{ kind: 'mapped', start: vaddrWrap(addr), end: vaddrWrap(until), paddr: paddrWrap(paddr) },
      ...{ ...(level && { level }), pageSize: 1n << BigInt(page.shift), user: user!, supervisor: supervisor! },
      ...(refusals.length === ACCESSES.length * privileges.length && { refused: refusals.at(-ACCESSES.length)! }),
    };
    return { until, item };
  }

  return {
    reach: reachOf(arch, first, within),
    enter(addr, stop) {
      const begun = hardware.begin(query(addr));
      if (begun.kind === 'page') return mapped(addr, stop, [], begun);
      if (first.kind === 'refused') return trouble(addr, stop, first.fault, { problem: 'no-walk', why: first.why });
      const until = after(addr, begun.kind === 'table' ? begun.shift : first.shift, stop);
      return begun.kind === 'table' ? { down: { table: begun, until, path: [] } } : { until };
    },
    look({ table, until: stop, path }, addr) {
      const until = after(addr, table.shift, stop);
      const parent = path.at(-1);
      if (parent && refuses(addr, parent)) return { until };
      const step = readSlot(machine, memory, table, addr);
      const { level, at, entry } = step;
      const place = { level, table: table.base, at };
      if (entry === undefined) {
        const why = 'the entry lies outside memory';
        return trouble(addr, until, hardware.unreadable, { problem: 'unreadable', why, ...place }, path);
      }
      const says = said(machine, step, query(addr), byAddress);
      if (says.kind === 'table') return { down: { table: says, until, path: [...path, step] } };
      if (says.kind === 'page') return refuses(addr, step) ? { until } : mapped(addr, until, [...path, step], says);
      const { kind, why } = says.rule;
      if (says.rule === absent.get(level)) return { until };
      return trouble(addr, until, kind, { problem: 'broken-rule', why, ...place, entry }, [...path, step]);
    },
  };
}

/** As far as the first table reaches, for both signs of an address; everywhere where there is no table. */
function reachOf({ spec: { va } }: Arch, first: Begin, within: bigint): [bigint, bigint][] {
  if (first.kind !== 'table') return [[0n, SPACE]];
  const bits = BigInt(Math.min(va.bits ?? 64, first.shift + first.bits));
  const half = 1n << (bits - 1n);
  if (va.extend === 'sign')
    return [
      [0n, half],
      [SPACE - half, SPACE],
    ];
  const start = (within >> bits) << bits;
  return [[start, start + 2n * half]];
}

/** The rules that look at the address (TF and TL of s390). */
function rulesByAddress({ levels, hardware }: Machine): ReadonlySet<Rule> {
  const looks = (level: Level): Rule[] =>
    levels[level]?.rules.filter((_, n) => varsOf(hardware.levels[level]!.rules[n]!.when).has('addr')) ?? [];
  return new Set(LEVELS.flatMap(looks));
}

/** By which rule of each level an empty entry ends a walk: what else falls to it is absent too. */
const rulesOfEmpty = ({ levels, arch }: Machine, root: bigint): ReadonlyMap<Level, Rule | undefined> =>
  new Map(
    LEVELS.map((level) => {
      const entry = arch.spec.levels[level].empty ?? 0n;
      return [level, levels[level]?.rules.find(({ when }) => when({ entry, addr: 0n, root }))];
    }),
  );
