/** How an entry is found and loaded: flat or by directory, plain or atomic, in either byte order. */
import { type Arch, type EntryBytes, wrap64 } from '@kernel-mm/pgtable-core';
import type { Choice } from '../options.ts';
import { type Code, get, i32, i64, type Locals, set, when } from '../wasm/code.ts';

/** log2 of the bytes of a frame of a sparse memory, and of how many the lower directory has. */
export const FRAME_SHIFT = 12;
/** log2 of the entries in each lower directory. */
export const LOWER_BITS = 10;

/** The reading of entries. A pointer is a byte offset in the WebAssembly memory. */
export interface MemoryEmitter {
  /** Finds the slot at a physical address, or does what is to be done `outside`, which must branch away. */
  locate(slot: Code, pointer: string, outside: readonly Code[]): Code[];
  /** The same, and how many slots of `slotBytes` follow there without a gap, the first included, as an i32. */
  locateRun(slot: Code, pointer: string, count: string, slotBytes: number, outside: readonly Code[]): Code[];
  /** The word at a pointer, as it lies there. */
  load(pointer: Code): Code;
  /** An entry, in the order of the machine, from the word as it lies there. */
  entry(raw: Code): Code;
  /** The word into `raw`, and where bytes are in the other order the entry into `entry`; returns where the entry is. */
  loadBoth(pointer: Code, raw: string, entry: string): Code[];
  /** Whether entries lie in the other byte order. */
  readonly swaps: boolean;
}

const REVERSED = {
  8: [7, 6, 5, 4, 3, 2, 1, 0],
  4: [3, 2, 1, 0, 4, 5, 6, 7],
  2: [1, 0, 2, 3, 4, 5, 6, 7],
  1: [0, 1, 2, 3, 4, 5, 6, 7],
} as const;
const LOADS = { 8: 'i64.load', 4: 'i64.load32_u', 2: 'i64.load16_u', 1: 'i64.load8_u' } as const;
/** The loads into a vector, where there is one. */
const VECTORS: Readonly<Partial<Record<EntryBytes, string>>> = { 8: 'v128.load64_zero', 4: 'v128.load32_zero' };

/** The reading of entries of an architecture. */
export function memoryEmitter(arch: Arch, { layout, loads }: Choice, locals: Locals): MemoryEmitter {
  const bytes = arch.entryBytes;
  const swaps = arch.spec.byteOrder === 'big' && bytes > 1;
  const place = layout.kind === 'flat' && layout.offset ? [{ offset: layout.offset }] : [];
  const at = (op: string, pointer: Code): Code => [op, ...place, pointer];
  const plain = LOADS[bytes];
  const load = (pointer: Code): Code =>
    at(loads === 'plain' ? plain : plain.replace('i64.load', 'i64.atomic.load'), pointer);

  const turned = (vector: Code): Code => {
    const v = locals.of('v128', '$v');
    const lanes = [...REVERSED[bytes], 8, 9, 10, 11, 12, 13, 14, 15];
    return ['i64x2.extract_lane', 0, ['i8x16.shuffle', lanes, ['local.tee', v, vector], get(v)]];
  };

  return {
    swaps,
    ...(layout.kind === 'flat' ? flat(layout.base, locals) : sparse(bytes, locals)),
    load,
    entry: (raw) => (swaps ? turned(['i64x2.splat', raw]) : raw),
    loadBoth(pointer, raw, entry) {
      if (!swaps) return [set(entry, load(pointer))];
      const v = locals.of('v128', '$v');
      // One load into a vector gives both words: the one to compare, and the one to take apart.
      const vector =
        loads === 'plain' && VECTORS[bytes] ? at(VECTORS[bytes], pointer) : (['i64x2.splat', load(pointer)] as const);
      return [set(entry, turned(vector)), set(raw, ['i64x2.extract_lane', 0, get(v)])];
    },
  };
}

type Locating = Pick<MemoryEmitter, 'locate' | 'locateRun'>;

/** One run of memory: an address less the base is a pointer, if it is less than `$room`, the offsets of whole entries. */
function flat(base: bigint, locals: Locals): Locating {
  const offset = (slot: Code): [Code[], Code] => {
    if (base === 0n && slot[0] === 'local.get') return [[], slot];
    const o = locals.of('i64', '$o');
    return [[set(o, base === 0n ? slot : ['i64.add', slot, i64(wrap64(-base))])], get(o)];
  };
  const locate: Locating['locate'] = (slot, pointer, outside) => {
    const [before, o] = offset(slot);
    return [...before, when(['i64.ge_u', o, ['global.get', '$room']], outside), set(pointer, ['i32.wrap_i64', o])];
  };
  return {
    locate,
    locateRun(slot, pointer, count, slotBytes, outside) {
      const [, o] = offset(slot);
      const left: Code = ['i64.sub', ['i64.sub', ['global.get', '$room'], i64(1n)], o];
      return [
        ...locate(slot, pointer, outside),
        set(count, ['i32.wrap_i64', ['i64.add', quotient('i64', left, slotBytes), i64(1n)]]),
      ];
    },
  };
}

const quotient = (type: 'i32' | 'i64', value: Code, by: number): Code => {
  const log = Math.log2(by);
  const constant = (n: number): Code => (type === 'i64' ? i64(BigInt(n)) : i32(n));
  return Number.isInteger(log) ? [`${type}.shr_u`, value, constant(log)] : [`${type}.div_u`, value, constant(by)];
};

/** Runs of frames: a directory of directories, of which an entry is 0, or the frame's place with bit 0 set. */
function sparse(bytes: number, locals: Locals): Locating {
  const p = (name: string): string => locals.of('i32', name);
  const locate: Locating['locate'] = (slot, pointer, outside) => {
    const [o, d] = [locals.of('i64', '$o'), p('$d')];
    const index = (by: number, mask: number): Code => [
      'i32.and',
      ['i32.wrap_i64', ['i64.shr_u', get(o), i64(BigInt(by))]],
      i32(mask),
    ];
    return [
      set(o, slot),
      when(
        ['i64.ge_u', ['i64.shr_u', get(o), i64(BigInt(FRAME_SHIFT + LOWER_BITS))], ['global.get', '$room']],
        outside,
      ),
      set(d, ['i32.load', ['i32.add', ['global.get', '$directory'], index(FRAME_SHIFT + LOWER_BITS - 2, -4)]]),
      when(['i32.eqz', get(d)], outside),
      set(d, ['i32.load', ['i32.add', get(d), index(FRAME_SHIFT - 2, ((1 << LOWER_BITS) - 1) << 2)]]),
      when(['i32.eqz', get(d)], outside),
      set(pointer, ['i32.add', ['i32.xor', get(d), i32(1)], index(0, (1 << FRAME_SHIFT) - 1)]),
    ];
  };
  return {
    locate,
    locateRun(slot, pointer, count, slotBytes, outside) {
      const inside: Code = ['i32.and', ['i32.wrap_i64', get(locals.of('i64', '$o'))], i32((1 << FRAME_SHIFT) - 1)];
      const left: Code = ['i32.sub', i32((1 << FRAME_SHIFT) - bytes), inside];
      return [...locate(slot, pointer, outside), set(count, ['i32.add', quotient('i32', left, slotBytes), i32(1)])];
    },
  };
}
