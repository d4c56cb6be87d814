/** The kernel's self-test of slots: whatever an entry held, cleared it is none, and populated again it leads where it led. */
import fc from 'fast-check';
import type { Vaddr } from '../brand.ts';
import { leafSize, makeTable, tableAddress } from '../codec.ts';
import type { Entry } from '../entry.ts';
import type { Arch } from '../geometry.ts';
import { isUpper, type Level, type UpperLevel } from '../level.ts';
import { unmap } from '../map.ts';
import { type Mm, writeEntry } from '../mm.ts';
import { isFoldedInto, pXdIs } from '../reading.ts';
import { type WalkStep, walk } from '../walk.ts';
import { arbitraryPlace, onePage } from './arbitraries.ts';
import { absent, type Law, type LawMaker, readLevels, same } from './law.ts';

/** The laws of an architecture's slots. A level whose entries are read one level further down is left out. */
export const slotLaws = (arch: Arch, law: LawMaker): Law[] =>
  readLevels(arch).flatMap((level) => [
    clearLaw(arch, law, level),
    ...(isUpper(level) ? [populateLaw(arch, law, level)] : []),
    ...(level === 'pud' || level === 'pmd' ? [hugeLaw(arch, law, level)] : []),
  ]);

/** What is OR-ed in: not bits 0 to 3, which are s390's types, nor bit 62, which makes an entry of powerpc's a leaf. */
const NOISE = 0xbfff_ffff_ffff_fff0n;

function clearLaw(arch: Arch, law: LawMaker, level: Level): Law {
  const says = 'whatever bits are OR-ed into an entry, cleared it is none';
  const cases = fc.tuple(arbitraryPlace(arch, level), fc.bigInt(0n, 2n ** 64n - 1n));
  return law(`${level}_clear`, says, cases, ([{ top, addr }, word]) => {
    const mm = onePage(arch, top, addr, 'pte');
    const { slot, entry } = stepAt(mm, addr, level);
    const noisy = (entry | BigInt.asUintN(8 * arch.entryBytes, word & NOISE)) as Entry;
    // On s390 pXd_clear leaves an entry alone whose type is another level's.
    if (isUpper(level)) same('folded', isFoldedInto(mm, level, noisy), false);
    writeEntry(mm, slot, noisy);
    // A page is cleared as it is unmapped; unless the noise says that 16 slots are one (riscv: the kernel adds none there).
    if (level === 'pte' && leafSize(arch, level, noisy) === arch.geometry.pte.size)
      same('unmap', unmap(mm, addr, arch.geometry.pte.size).kind, 'done');
    else writeEntry(mm, slot, (arch.spec.levels[level].empty ?? 0n) as Entry);
    sameEnd(mm, addr, 'none', level);
  });
}

function populateLaw(arch: Arch, law: LawMaker, level: UpperLevel): Law {
  const says = 'a slot that was cleared, with its table put back, is not bad and leads where it led';
  return law(`${level}_populate`, says, arbitraryPlace(arch, level), ({ top, addr }) => {
    const mm = onePage(arch, top, addr, 'pte');
    const { slot, entry } = stepAt(mm, addr, level);
    writeEntry(mm, slot, (arch.spec.levels[level].empty ?? 0n) as Entry);
    sameEnd(mm, addr, 'none', level);
    const again = makeTable(arch, level, tableAddress(arch, level, entry));
    if (again === undefined) throw new Error(`no ${level} entry for a table of its own`);
    writeEntry(mm, slot, again);
    same(`bad of 0x${again.toString(16)}`, pXdIs(mm, 'bad', level, again), false);
    sameEnd(mm, addr, 'leaf', 'pte');
  });
}

function hugeLaw(arch: Arch, law: LawMaker, level: 'pud' | 'pmd'): Law {
  if (!arch.spec.levels[level].leaf) return absent(`${level}_huge`, ['leaf']);
  const says = 'a large page put into an empty slot is there, and cleared it is none';
  return law(`${level}_huge`, says, arbitraryPlace(arch, level), ({ top, addr }) => {
    const mm = onePage(arch, top, addr, level);
    sameEnd(mm, addr, 'leaf', level);
    same('unmap', unmap(mm, addr, arch.geometry[level].size).kind, 'done');
    sameEnd(mm, addr, 'none', level);
  });
}

function stepAt(mm: Mm, addr: Vaddr, level: Level): WalkStep {
  const step = walk(mm, addr).steps.find((one) => one.level === level);
  if (!step || step.role === 'folded') throw new Error(`no ${level} entry on the way`);
  return step;
}

function sameEnd(mm: Mm, addr: Vaddr, kind: 'none' | 'leaf', level: Level): void {
  const { result } = walk(mm, addr);
  same('the walk ends', `${result.kind} ${'level' in result ? result.level : ''}`, `${kind} ${level}`);
}
