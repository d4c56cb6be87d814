/** An entry by itself, for `explain`: what Linux takes it for, and beside it what the hardware of a machine makes of it. */
import type { LinuxVersion } from '@kernel-mm/arch-generic';
import {
  entry,
  explainEntry,
  explainWord,
  fieldsOf,
  flatMemory,
  type Level,
  type Machine,
  mmFromTable,
  type Predicate,
  paddr,
  pXdIs,
  roleOf,
} from '@kernel-mm/pgtable-core';
import { type SwapSaid, swapSaid } from './swap-kind.ts';
import { hex } from './words.ts';

/** What is known of it. */
export interface LoneEntry {
  readonly arch: string;
  readonly level: Level;
  readonly entry: bigint;
  readonly role: ReturnType<typeof roleOf>;
  /** Linux's reading in words. */
  readonly says: string;
  /** Fields of the format; none of a swap entry, whose bits are laid out otherwise. */
  readonly fields: Readonly<Record<string, bigint>>;
  /** Which of Linux's questions it answers with yes. */
  readonly is: readonly Predicate[];
  readonly swap?: SwapSaid;
  /** The hardware's reading; missing for a level whose entries it does not read. */
  readonly machine?: NonNullable<ReturnType<typeof explainWord>>;
}

/** What Linux asks of an entry that is not present; the other questions are about pages. */
const OF_ANY: readonly Predicate[] = ['none', 'present', 'bad', 'leaf', 'swap'];

/** Both readings. `linux` is the version by which types of swap entries are named. */
export function loneEntry(on: Machine, level: Level, raw: bigint, linux?: LinuxVersion): LoneEntry {
  const { arch } = on;
  const mm = mmFromTable(arch, flatMemory(new ArrayBuffer(0)), paddr(0n));
  const of = entry(level, raw);
  const role = roleOf(mm, level, of);
  const swap = pXdIs(mm, 'swap', level, of) ? swapSaid(arch, level, of, linux) : undefined;
  const kind = role === 'table' || (role === 'folded' && arch.spec.levels[level].table) ? 'table' : 'leaf';
  const asked = (Object.keys(arch.spec.levels[level].is) as Predicate[]).filter((ask) => !swap || OF_ANY.includes(ask));
  const machine = explainWord(on, level, raw);
  return {
    arch: arch.id,
    level,
    entry: raw,
    role,
    says: swap ? swapText(swap, linux) : explainEntry(mm, level, of),
    fields: swap ? {} : fieldsOf(arch, level, kind, of),
    is: asked.filter((ask) => pXdIs(mm, ask, level, of)),
    ...(swap && { swap }),
    ...(machine && { machine }),
  };
}

function swapText({ type, offset, kind, marks }: SwapSaid, linux?: LinuxVersion): string {
  const named = kind && kind !== 'swap entry' ? `a ${kind} (Linux ${linux}, everything built in)` : 'a swap entry';
  return `no page: ${named}, type ${type}, offset ${hex(offset)}${marks.map((mark) => `, ${mark}`).join('')}`;
}

/** The same in lines; the last is the machine's, where there `hasMmu`. */
export function loneEntryText(
  { arch, level, entry: raw, says, fields, is, machine }: LoneEntry,
  hasMmu: boolean,
): string {
  const named = Object.entries(fields).map(([name, value]) => `${name}=${hex(value)}`);
  return [
    `${level} ${hex(raw)} of ${arch}: ${says}`,
    `  fields: ${named.join(' ') || 'none'}`,
    `  Linux answers yes to: ${is.map((ask) => `${level}_${ask}`).join(' ') || 'nothing'}`,
    ...(hasMmu ? [`  the machine: ${machine ? machineText(machine) : `reads no entries of ${level}`}`] : []),
    ...(machine?.unasked.length ? [`  not asked without an address: ${machine.unasked.join('; ')}`] : []),
  ].join('\n');
}

function machineText({ kind, says, taken }: NonNullable<LoneEntry['machine']>): string {
  if (kind === 'fault') return `refuses it: ${says}`;
  return `${says}${taken.map(({ right, why }) => `; no ${right}: ${why}`).join('')}`;
}
