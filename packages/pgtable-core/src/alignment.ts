/** To what tables are aligned: the least distance between two that an entry can tell apart. */
import { isAlwaysFolded } from './fold.ts';
import type { Arch } from './geometry.ts';
import { LEVELS, type UpperLevel } from './level.ts';

/** The bytes of the table below an entry of `level`, up to a power of 2. */
export function tableSpan(arch: Arch, level: UpperLevel): bigint {
  const below = LEVELS.slice(LEVELS.indexOf(level) + 1).find((one) => !isAlwaysFolded(arch, one)) ?? 'pte';
  return 1n << BigInt(Math.ceil(Math.log2(arch.geometry[below].tableBytes)));
}

/** The bytes to which an entry of `level` aligns the table below: those of the table, at most a page, or what the format says. */
export function tableUnit(arch: Arch, level: UpperLevel): bigint {
  const said = arch.spec.levels[level].table?.aligned;
  if (said !== undefined) return 1n << BigInt(said);
  const [span, page] = [tableSpan(arch, level), 1n << BigInt(arch.spec.pageShift)];
  return span < page ? span : page;
}
