/** Both readings of one entry: what the MMU accepts, the kernel calls present, and of the same kind. */
import {
  type Arch,
  LEVELS,
  type Level,
  type LevelReading,
  type Machine,
  type Mmu,
  machine,
  wrap64,
} from '@kernel-mm/pgtable-core';
import type { Claim } from '../claim.ts';
import { isTerm, says } from '../reading-terms.ts';
import { hex } from '../tell.ts';
import { all, and, any, eq, not, type Term, termOf } from '../term.ts';

/** The claims of one machine state, for every level whose entries both read. */
export function hardwareClaims<S extends object>(mmu: Mmu<S>, state: Partial<S> = {}): Claim[] {
  const asked = machine(mmu, state);
  return LEVELS.flatMap((level) => {
    const reading = asked.hardware.levels[level];
    // Beside a shadow the hardware reads another word than Linux.
    const isShared = reading !== undefined && mmu.arch.spec.levels[level].shadow === undefined;
    return isShared && reading ? [claimOf(asked, level, reading)] : [];
  });
}

const holds = (expr: LevelReading['leaf']): Term =>
  not(eq(termOf(expr, { entry: 'entry', addr: 'addr', root: 'root' }), 0n));

function claimOf({ arch, levels }: Machine, level: Level, reading: LevelReading): Claim {
  const is = (what: 'present' | 'none' | 'leaf'): Term => isTerm(arch, level, what, 'entry');
  const mapped = level === 'pte' ? 1n : is('leaf');
  const width = BigInt(8 * arch.entryBytes);
  return {
    law: 'hardware',
    at: level,
    given: [
      eq(and('entry', width === 64n ? 0n : wrap64(-1n << width)), 0n),
      not(any(...reading.rules.map(({ when }) => holds(when)))),
    ],
    follows: all(is('present'), not(is('none')), eq(holds(reading.leaf), mapped)),
    least: ['entry', 'addr', 'root'],
    exactly: 8 * arch.entryBytes,
    show: { entry: 'entry', addr: 'addr', root: 'root' },
    replay({ entry = 0n, addr = 0n, root = 0n }) {
      const env = { entry, addr, root };
      const asked = levels[level]!;
      const isPage = asked.leaf(env) !== 0n;
      const kernel = kernelSays(arch, level, entry);
      return {
        keeps: asked.rules.some(({ when }) => when(env)) || (kernel.isPresent && kernel.isLeaf === isPage),
        story: [
          `the MMU takes ${level} ${hex(entry)} for a ${isPage ? 'page' : 'table'}`,
          `the kernel calls it ${kernel.told}`,
        ],
      };
    },
  };
}

function kernelSays(arch: Arch, level: Level, entry: bigint) {
  const [none, present, isLeaf] = (['none', 'present', 'leaf'] as const).map((what) => says(arch, level, what, entry));
  const told = none ? 'none' : !present ? 'not present' : isLeaf ? 'a leaf' : 'present';
  return { isPresent: present === true && !none, isLeaf: level === 'pte' || isLeaf === true, told };
}
