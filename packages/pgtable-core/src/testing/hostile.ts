/** Tables that an enemy has been at: whatever memory holds, both readings answer, in time, and never wrongly. */
import fc from 'fast-check';
import { type Paddr, type Vaddr, vaddr, wrap64 } from '../brand.ts';
import type { Access, Mmu } from '../hardware.ts';
import { LEVELS } from '../level.ts';
import { type Machine, machine } from '../machine.ts';
import type { Memory } from '../memory.ts';
import type { Mm } from '../mm.ts';
import { translate } from '../translate.ts';
import { walk } from '../walk.ts';
import { arbitrarySpace, frameAt, type Space } from './arbitraries.ts';
import type { Law, LawMaker } from './law.ts';

/** What is done to one entry on the way to a mapped page. */
interface Attack {
  /** Which mapping, which of its pages, which entry of the walk to it. */
  readonly mapping: number;
  readonly page: number;
  readonly step: number;
  readonly how: 'flip' | 'random' | 'cycle' | 'beyond' | 'all-equal';
  readonly bit: number;
  readonly word: bigint;
}

const word = fc.bigInt(0n, 2n ** 64n - 1n);
const attack: fc.Arbitrary<Attack> = fc.record({
  mapping: fc.nat(),
  page: fc.nat(),
  step: fc.nat(),
  how: fc.constantFrom('flip', 'flip', 'flip', 'random', 'cycle', 'beyond', 'all-equal'),
  bit: fc.nat(63),
  word,
});

/** Where peers lose bits: the edges of 31, 32, 42, 53 and 63 bits, and both ends of the space. */
const EDGES = [0n, 1n << 31n, 1n << 32n, 1n << 42n, 1n << 47n, 1n << 53n, 1n << 63n, 2n ** 64n - 4096n];
const ACCESSES: readonly Access[] = ['read', 'write', 'execute'];

/** How many addresses each attacked space is asked for. */
const QUERIES = 250;

/** The law of hostile tables. `states` are the machine states in which the MMU is asked. */
export function hostileLaw<S extends object>(mmu: Mmu<S>, states: readonly Partial<S>[], law: LawMaker): Law {
  const machines = states.map((state) => machine(mmu, state));
  const cases = fc.record({
    space: arbitrarySpace(mmu.arch),
    attacks: fc.array(attack, { minLength: 1, maxLength: 4 }),
    random: fc.array(word, { minLength: QUERIES, maxLength: QUERIES }),
  });
  return law(
    'hostile',
    'whatever the tables hold, both readings answer within levels + 1 reads, and untouched paths lead where they led',
    cases,
    ({ space, attacks, random }) => {
      const before = new Map<bigint, bigint>();
      for (const one of attacks) strike(space, one, before);
      try {
        for (const [n, word] of random.entries()) {
          const addr = target(space, n, word);
          checkKernel(space, addr, before);
          checkHardware(machines[n % machines.length]!, space, addr, ACCESSES[n % 3]!, before);
        }
      } finally {
        // The same space comes again when a counterexample is made smaller.
        for (const [at, entry] of before) put(space.mm, at, entry);
      }
    },
  );
}

/** A third each: mapped pages, edges, anything. */
function target({ mm, mappings }: Space, n: number, word: bigint): Vaddr {
  const some = mappings[n % mappings.length]!;
  if (n % 3 === 0) return vaddr(some.addr + (word % some.size));
  const off = (word % 5n) * mm.arch.geometry.pte.size - 2n * mm.arch.geometry.pte.size;
  return vaddr(n % 3 === 1 ? wrap64((EDGES[n % EDGES.length] ?? 0n) + off) : word);
}

/** What was where before the attacks. */
type Touched = ReadonlyMap<bigint, bigint>;

/** Past every helper: an enemy keeps no shadows in step. */
const put = ({ arch, memory }: Mm, at: bigint, raw: bigint): boolean =>
  memory.write(at as Paddr, arch.entryBytes, arch.spec.byteOrder, raw);
const get = ({ arch, memory }: Mm, at: bigint): bigint | undefined =>
  memory.read(at as Paddr, arch.entryBytes, arch.spec.byteOrder);

/** Changes one entry, or the first 16 of its table, and notes what stood there. */
function strike({ mm, mappings }: Space, attack: Attack, before: Map<bigint, bigint>): void {
  const { mapping, page, step, how, bit, word } = attack;
  const { addr, size } = mappings[mapping % mappings.length]!;
  const pages = size / mm.arch.geometry.pte.size;
  const { steps } = walk(mm, vaddr(addr + (BigInt(page) % pages) * mm.arch.geometry.pte.size));
  const hit = steps[step % Math.max(steps.length, 1)];
  if (!hit) return;
  const width = 8 * mm.arch.entryBytes;
  const old: bigint = hit.entry;
  const high = 0x000f_ffff_f000_0000n;
  const raw = {
    flip: old ^ (1n << BigInt(bit % width)),
    random: BigInt.asUintN(width, word),
    // Back to the top table, or to the table that the entry is in.
    cycle: old | (bit % 2 ? mm.pgd : hit.slot.addr & ~0xfffn),
    beyond: BigInt.asUintN(width, old | high),
    'all-equal': old,
  }[how];
  const bytes = BigInt(mm.arch.geometry[hit.slot.level].slotBytes);
  const first = hit.slot.addr - BigInt(hit.index) * bytes;
  const slots = how === 'all-equal' ? Array.from({ length: 16 }, (_, n) => first + BigInt(n) * bytes) : [hit.slot.addr];
  for (const at of slots) {
    const stood = get(mm, at);
    if (stood === undefined) continue;
    if (!before.has(at)) before.set(at, stood);
    put(mm, at, raw);
  }
}

/** Memory that counts. */
function counted(memory: Memory): { readonly memory: Memory; reads(): number } {
  let reads = 0;
  const read: Memory['read'] = (at, bytes, order) => {
    reads++;
    return memory.read(at, bytes, order);
  };
  return { memory: { ...memory, read }, reads: () => reads };
}

const fail = (what: string, addr: bigint): never => {
  throw new Error(`${what} for 0x${addr.toString(16)}`);
};

function checkKernel(space: Space, addr: Vaddr, touched: Touched): void {
  const { memory, reads } = counted(space.mm.memory);
  const mm: Mm = { ...space.mm, memory };
  const { result, steps } = walk(mm, addr);
  // An entry in two words takes three reads.
  const each = mm.arch.spec.entryRead ? 3 : 1;
  if (reads() > each * (LEVELS.length + 1)) fail(`${reads()} reads`, addr);
  // Slot 0 of the top table says how deep the tables are: it is part of every path.
  if (touched.has(mm.pgd) || steps.some(({ slot }) => touched.has(slot.addr))) return;
  const got = result.kind === 'leaf' ? result.paddr : undefined;
  if (got !== frameAt(space, addr)) fail(`walk: ${result.kind}, ${got}, not ${frameAt(space, addr)}`, addr);
}

function checkHardware(hardware: Machine, space: Space, addr: Vaddr, access: Access, touched: Touched): void {
  const { memory, reads } = counted(space.mm.memory);
  const answer = translate(hardware, memory, { root: space.mm.root ?? 0n, addr, access });
  if (reads() > LEVELS.length) fail(`${reads()} reads`, addr);
  if (answer.kind === 'fault') {
    if (answer.name === '') fail('a fault without a name', addr);
    return;
  }
  if ((answer.paddr as Paddr) % answer.size !== addr % answer.size) fail('another byte of the page', addr);
  if (answer.path.some(({ at }) => touched.has(at))) return;
  // The other half has a root of its own; asked with this one, it leads into the same tables.
  if (space.mm.arch.spec.va.extend === 'halves' && addr >> 63n) return;
  if (answer.paddr !== frameAt(space, addr)) fail(`translate: ${answer.paddr}, not ${frameAt(space, addr)}`, addr);
}
