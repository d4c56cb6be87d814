/** Laws of an MMU over tables as Linux builds them: the same bytes, the same rights, and an answer to everything. */
import fc from 'fast-check';
import type { Predicate, Prot } from '../arch.ts';
import { type Vaddr, vaddr, vaddrWrap } from '../brand.ts';
import { NO_RIGHTS } from '../codec.ts';
import type { Entry } from '../entry.ts';
import type { Access, Mmu } from '../hardware.ts';
import { LEVELS, type Level } from '../level.ts';
import { type Machine, machine } from '../machine.ts';
import { isTranslatable, type Mm } from '../mm.ts';
import { protect } from '../protect.ts';
import { ranges } from '../ranges.ts';
import { pXdIs } from '../reading.ts';
import { ACCESSES, arrival, said } from '../step.ts';
import { type Translation, translate } from '../translate.ts';
import { walk } from '../walk.ts';
import { arbitraryPlace, arbitrarySpace, frameAt, onePage, type Space } from './arbitraries.ts';
import { type Law, type LawMaker, readLevels, same } from './law.ts';

/**
 * Rights that Linux gives: what may be written or executed may be read. A page of the kernel's is not made executable
 * here: for whom it would be, rights do not say (arm64: by bits of their own).
 */
const PROTS: readonly Prot[] = [
  NO_RIGHTS,
  ...[0, 1, 2, 3, 4, 5].map((n) => ({ read: true, write: n % 2 > 0, exec: n > 3, user: n > 1 })),
];

/** The laws of an MMU; `user` is the machine state in which Linux runs user space. */
export function mmuLaws<S extends object>(mmu: Mmu<S>, user: Partial<S>, law: LawMaker): Law[] {
  const { arch } = mmu;
  const hardware = machine(mmu, user);
  const word = fc.bigInt(0n, 2n ** 64n - 1n);
  const leaves = readLevels(arch).filter((level) => arch.spec.levels[level].leaf);
  const pages = fc
    .constantFrom(...leaves)
    .chain((level) => fc.record({ level: fc.constant(level), place: arbitraryPlace(arch, level) }));
  const prots = fc.constantFrom(...PROTS);

  return [
    law(
      'mmu-answers',
      'whatever an entry holds: a fault, a table of a level below, or a page',
      fc.tuple(word, word),
      ([entry, addr]) => {
        const raw = BigInt.asUintN(8 * hardware.entryBytes, entry);
        for (const level of LEVELS) if (hardware.levels[level]) answers(hardware, level, raw, vaddr(addr));
      },
    ),
    law(
      'mmu-rights',
      'a page is where it was mapped, with the rights that it was given, from the start or later',
      fc.tuple(pages, prots, prots, word),
      ([
        {
          level,
          place: { top, addr },
        },
        prot,
        later,
        off,
      ]) => {
        const mm = onePage(arch, top, addr, level, prot);
        const { size } = arch.geometry[level];
        const byte = { addr: vaddr(addr + (off % size)), paddr: size + (off % size) };
        sameRights(hardware, mm, byte, prot);
        const { kind } = protect(mm, addr, size, later);
        sameRights(hardware, mm, byte, kind === 'done' ? later : prot);
      },
    ),
    law(
      'mmu-defaults',
      'in its default state the MMU reads and writes what was mapped for a user, and refuses what was not granted',
      fc.tuple(pages, fc.boolean(), fc.boolean()),
      ([{ level, place }, write, exec]) => {
        const mm = onePage(arch, place.top, place.addr, level, { read: true, write, exec, user: true });
        const asked = machine(mmu);
        same(`a read of ${level}`, ask(asked, mm, place.addr, 'read').kind, 'address');
        same(`a write of ${level}`, ask(asked, mm, place.addr, 'write').kind, write ? 'address' : 'fault');
        const { result } = walk(mm, place.addr);
        if (result.kind === 'leaf' && refusesFetch(mm, result.level, result.entry))
          same(`a fetch of ${level}`, ask(asked, mm, place.addr, 'execute').kind, 'fault');
      },
    ),
    law(
      'mmu-spaces',
      'the MMU lists and translates what was mapped, at its frames, and nothing else',
      fc.tuple(arbitrarySpace(arch), fc.array(word, { minLength: 20, maxLength: 20 })),
      ([space, words]) => {
        for (const { addr, size } of space.mappings) {
          sameListing(hardware, space, addr, size);
          for (const word of words) sameByte(hardware, space, vaddr(addr + (word % size)));
        }
        for (const word of words) sameByte(hardware, space, vaddr(word));
      },
    ),
  ];
}

/** An entry that stands alone, by every access. */
function answers(hardware: Machine, level: Level, entry: bigint, addr: Vaddr): void {
  const step = { level, at: 0n, index: 0, entry, shift: hardware.arch.geometry[level].shift };
  for (const access of ACCESSES) {
    const query = { root: 0n, addr, access };
    const says = said(hardware, step, query);
    if (says.kind === 'fault') hardware.hardware.fault(says.rule.kind, { query, level, path: [step], taken: [] });
    else if (says.shift < 0) throw new Error(`${level} 0x${entry.toString(16)}: ${says.kind} of 2^${says.shift} bytes`);
    else if (says.kind === 'page') hardware.hardware.settle(arrival(hardware, query, [step], says));
    else same(`${says.level} below ${level}`, LEVELS.indexOf(says.level) > LEVELS.indexOf(level), true);
  }
}

const ask = (hardware: Machine, mm: Mm, addr: Vaddr, access: Access): Translation =>
  translate(hardware, mm.memory, { root: mm.root ?? 0n, addr, access });

/** Whether the entry says that nothing is executed from it. */
const refusesFetch = (mm: Mm, level: Level, entry: Entry): boolean =>
  mm.arch.rules[level].is.exec !== undefined && !pXdIs(mm, 'exec', level, entry);

/** What Linux grants, the hardware does if it need not tell Linux of the access first; what Linux does not, it never does. */
function sameRights(hardware: Machine, mm: Mm, { addr, paddr }: { addr: Vaddr; paddr: bigint }, prot: Prot): void {
  const { result } = walk(mm, addr);
  if (result.kind !== 'leaf') throw new Error(`walk to 0x${addr.toString(16)}: ${result.kind}`);
  const { level, entry } = result;
  /** `undefined` where the definition does not say. */
  const is = (what: Predicate): boolean | undefined =>
    mm.arch.rules[level].is[what] && pXdIs(mm, what, level, entry as never);
  for (const access of ACCESSES) {
    const right = access === 'read' || is(access === 'write' ? 'write' : 'exec');
    const grants = prot.read && is('user') !== false ? is('user') && right : false;
    const quiet = is('young') !== false && (access !== 'write' || is('dirty') !== false);
    const got = ask(hardware, mm, addr, access);
    const what = `${access} of ${level} 0x${entry.toString(16)}`;
    if (got.kind === 'address') same(`byte of a ${what}`, got.paddr, paddr);
    if (grants === false) same(what, got.kind, 'fault');
    if (grants && quiet) same(what, got.kind, 'address');
  }
}

/** The listing of what was mapped, and of a few pages around it. */
function sameListing(hardware: Machine, { mm, top, mappings }: Space, addr: bigint, size: bigint): void {
  const room = 4n * mm.arch.geometry.pte.size;
  const start = addr > room ? addr - room : 0n;
  const behind = addr + size + room;
  const end = behind < 1n << 64n && isTranslatable(mm, top, vaddr(behind - 1n)) ? behind : addr + size;
  let listed = 0n;
  for (const item of ranges(hardware, mm.memory, mm.root ?? 0n, { start: vaddr(start), end: vaddrWrap(end) })) {
    if (item.kind !== 'mapped') throw new Error(`listed: ${item.kind === 'problem' ? item.why : item.kind}`);
    const length = BigInt.asUintN(64, item.end - item.start);
    same('frame listed', item.paddr, frameAt({ mm, top, mappings }, item.start));
    same('last byte listed', item.paddr + length - 1n, frameAt({ mm, top, mappings }, item.start + length - 1n));
    for (const access of ACCESSES) same(`${access} listed`, item.user[access], true);
    listed += length;
  }
  const cut = (at: bigint): bigint => (at < start ? start : at > end ? end : at);
  same(
    'bytes listed',
    listed,
    mappings.reduce((sum, m) => sum + cut(m.addr + m.size) - cut(m.addr), 0n),
  );
}

function sameByte(hardware: Machine, space: Space, addr: Vaddr): void {
  // The upper half has a root of its own; asked with this one, it leads into the same tables.
  if (space.mm.arch.spec.va.extend === 'halves' && addr >> 63n) return;
  const got = ask(hardware, space.mm, addr, 'read');
  same(`byte of 0x${addr.toString(16)}`, got.kind === 'address' ? got.paddr : undefined, frameAt(space, addr));
}
