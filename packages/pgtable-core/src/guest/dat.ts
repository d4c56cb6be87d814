/** Bare-metal tests of s390's address translation: real loads, stores and branches (`oracle-dat-1` files). */
import * as v from 'valibot';
import { type Paddr, paddr, type Vaddr, vaddr } from '../brand.ts';
import type { Memory } from '../memory.ts';
import { checked, checkFormat, count, hex, whole } from './checked.ts';
import { memoryOf } from './guest.ts';

/** One access under one ASCE. */
export interface DatTest {
  /** What it is a test of, for example `mut:invalid@segment`. */
  readonly group: string;
  readonly asce: bigint;
  readonly edat1: boolean;
  readonly edat2: boolean;
  readonly iep: boolean;
  readonly addr: Vaddr;
  readonly access: 'r' | 'w' | 'x';
  /** The program-interruption code; none where the access went through. */
  readonly code?: bigint;
  /** Where it went. A branch does not tell. */
  readonly paddr?: Paddr;
  /** The doubleword that was loaded; where it is not said, a load from a data frame brought its own address. */
  readonly content?: bigint;
  /** What LOAD REAL ADDRESS gave; none for condition code 3. */
  readonly real?: Paddr;
}

/** The tests, and the memory that they ran on. */
export interface DatTests {
  readonly name: string;
  readonly tests: readonly DatTest[];
  /** Bytes of storage; what lies beyond raises an addressing exception. */
  readonly storage: bigint;
  /** The tables, and the data frames. */
  readonly memory: Memory;
}

const address = v.pipe(
  hex,
  v.transform((at) => paddr(at)),
);
const test = v.pipe(
  v.object({
    ...{ group: v.string(), asce: hex, edat1: v.boolean(), edat2: v.boolean(), iep: v.boolean() },
    ...{ v: hex, access: v.picklist(['r', 'w', 'x']), ok: v.boolean() },
    code: v.exactOptional(count),
    pa: v.exactOptional(v.nullable(address)),
    content: v.exactOptional(hex),
    lrag: v.exactOptional(address),
  }),
  v.check(({ ok, code }) => ok === (code === undefined), 'a code where the test is not ok, and only there'),
  v.transform(({ v: addr, ok: _, pa, lrag, ...said }) => ({
    ...{ ...said, addr: vaddr(addr) },
    ...(typeof pa === 'bigint' && { paddr: pa }),
    ...(lrag !== undefined && { real: lrag }),
  })),
);
const frames = v.pipe(
  v.object({ start: hex, end: hex }),
  v.check(({ start, end }) => start <= end && end - start < 1n << 30n, 'an end that is at most 1 GiB behind start'),
);
const file = v.object({
  ...{ name: v.string(), ram_size: whole, data_frames: frames, tests: v.array(test) },
  memory: v.object({ pieces: v.array(v.tuple([hex, whole, whole])) }),
});

/**
 * Reads the tests from their parsed JSON and the bytes of the tables, and generates the data frames.
 * @throws FixtureError for another format, missing or malformed keys, or memory that is cut short
 */
export function readDat(json: unknown, tables: Uint8Array<ArrayBuffer>): DatTests {
  checkFormat(json, 'oracle-dat-1');
  const { name, tests, ram_size: size, memory: layout, data_frames: frames } = checked(file, json);
  memoryOf(tables, layout.pieces); // if they are cut short, that is an error before anything stands behind them
  const length = Number(frames.end - frames.start);
  const bytes = new Uint8Array(tables.byteLength + length);
  bytes.set(tables);
  bytes.set(dataFrames(frames.start, length), tables.byteLength);
  const pieces = [...layout.pieces, [frames.start, length, tables.byteLength] as const];
  return { name, tests, storage: BigInt(size), memory: memoryOf(bytes, pieces) };
}

/** Every 16 bytes: their own physical address, then 0x0a42 (SVC 66) four times, which is where a branch arrives. */
function dataFrames(start: bigint, length: number): Uint8Array {
  const words = new DataView(new ArrayBuffer(length));
  for (let at = 0; at + 16 <= length; at += 16) {
    words.setBigUint64(at, start + BigInt(at));
    words.setBigUint64(at + 8, 0x0a42_0a42_0a42_0a42n);
  }
  return new Uint8Array(words.buffer);
}
