/** Neighbours that are one page to the hardware, by a bit in each: taken apart before one of them changes. */
import { paddrWrap } from './brand.ts';
import { change, leafAddress, leafSize, withFrame } from './codec.ts';
import type { Entry, Slot } from './entry.ts';
import type { Level } from './level.ts';
import { type Mm, readEntry, writeEntry } from './mm.ts';
import { pXdIs } from './reading.ts';
import { roleOf } from './walk.ts';

/** Whether an entry is a leaf that says that its neighbours and it are one. */
export function isGrouped(mm: Mm, level: Level, entry: Entry): boolean {
  const group = mm.arch.spec.levels[level].leaf?.group;
  return group !== undefined && (entry & group.bit) !== 0n && roleOf(mm, level, entry) === 'leaf';
}

/** The same leaf as a page of its own: without the bit, and with the address of its own part. All else is as it was. */
export function ungrouped(mm: Mm, slot: Slot, entry: Entry): Entry {
  const { level } = slot;
  const group = mm.arch.spec.levels[level].leaf?.group;
  if (!group || !isGrouped(mm, level, entry)) return entry;
  const { size } = mm.arch.geometry[level];
  // Svnapot: all say the same. Elsewhere each says where its own part lies.
  const isWhole = leafSize(mm.arch, level, entry) > size;
  const offset = isWhole ? BigInt(placeOf(mm, slot, group.slots)) * size : 0n;
  const address = paddrWrap(leafAddress(mm.arch, level, entry) + offset);
  const own = (entry & ~group.bit) as Entry;
  return withFrame(mm.arch, level, own, address) ?? own;
}

/**
 * Takes the group of a slot apart, if it is in one: each of its slots is a page of its own then, with the same rights,
 * young and dirty where the hardware noted that in any of them. A group whose entries differ is misprogrammed, on Arm (DDI
 * 0487, D8.7.1) and on RISC-V (Svnapot). In Linux arm64 does so for ptes (contpte_convert, v6.9). The caller has the
 * hardware forget the range.
 * @returns whether it was in one
 */
export function unfold(mm: Mm, slot: Slot): boolean {
  const { level } = slot;
  const group = mm.arch.spec.levels[level].leaf?.group;
  const entry = group && slot.space === 'memory' ? readEntry(mm, slot) : undefined;
  if (!group || entry === undefined || !isGrouped(mm, level, entry)) return false;
  const { slotBytes } = mm.arch.geometry[level];
  const first = slot.addr - BigInt(placeOf(mm, slot, group.slots) * slotBytes);
  const members = Array.from({ length: group.slots }, (_, n) => {
    const one: Slot = { ...slot, addr: first + BigInt(n * slotBytes) };
    return { one, old: readEntry(mm, one) };
  }).filter((m): m is { one: Slot; old: Entry } => m.old !== undefined && isGrouped(mm, level, m.old));
  const noted = (['young', 'dirty'] as const).filter((what) => members.some(({ old }) => pXdIs(mm, what, level, old)));
  for (const { one, old } of members) {
    const own = ungrouped(mm, one, old);
    const made = noted.reduce((so, what) => (pXdIs(mm, what, level, so) ? so : note(mm, level, what, so)), own);
    writeEntry(mm, one, made);
  }
  return true;
}

const note = (mm: Mm, level: Level, what: 'young' | 'dirty', entry: Entry): Entry =>
  change(mm.arch, level, what, entry) ?? entry;

/** The number of a slot in its group; tables are aligned to their size. */
const placeOf = (mm: Mm, { level, addr }: Slot, slots: number): number =>
  Number(addr / BigInt(mm.arch.geometry[level].slotBytes)) % slots;
