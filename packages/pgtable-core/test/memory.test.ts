import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Bytes,
  flatMemory,
  type Memory,
  type Paddr,
  type Piece,
  paddr,
  sparseMemory,
  UsageError,
} from '../src/index.ts';
import { refused } from './support/refused.ts';
import { property } from './support/runs.ts';

const at = (address: bigint): Paddr => paddr(address);
const counted = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, (_, i) => i + 1);
const layout = (pieces: readonly Piece[], bytes: Bytes = new ArrayBuffer(64)): [string, string, string] => {
  const { code, argument, expected } = refused(UsageError, () => sparseMemory(bytes, pieces));
  return [code, argument, expected];
};

describe.each<[string, (bytes: Uint8Array<ArrayBuffer>) => Bytes]>([
  ['an ArrayBuffer', (bytes) => bytes.buffer],
  ['a view', (bytes) => bytes],
  ['a view with an offset', (bytes) => new Uint8Array(Uint8Array.of(...counted(8), ...bytes).buffer, 8)],
  ['a SharedArrayBuffer', (bytes) => sharedOf(bytes).buffer as SharedArrayBuffer],
  ['a view of a SharedArrayBuffer', (bytes) => sharedOf(bytes)],
  ['what has a buffer', (bytes) => ({ buffer: bytes.buffer })],
  ['a shared view with an offset', (bytes) => sharedOf(Uint8Array.of(...counted(8), ...bytes)).subarray(8)],
])('flat memory on %s', (_what, make) => {
  const bytes = Uint8Array.of(0x81, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);

  test.each<[8 | 4, 'little' | 'big', bigint, bigint]>([
    [8, 'little', 0n, 0x0807_0605_0403_0281n],
    [8, 'big', 0n, 0x8102_0304_0506_0708n],
    [8, 'big', 8n, 0x090a_0b0c_0d0e_0f10n],
    [4, 'little', 4n, 0x0807_0605n],
    [4, 'big', 0n, 0x8102_0304n],
    [4, 'little', 12n, 0x100f_0e0dn],
  ])('%d bytes, %s-endian, at %d', (length, order, offset, value) => {
    expect(flatMemory(make(bytes)).read(at(offset), length, order)).toBe(value);
    expect(flatMemory(make(bytes), 0x8000n).read(at(0x8000n + offset), length, order)).toBe(value);
    const memory = flatMemory(make(new Uint8Array(16)), 0x8000n);
    expect(memory.write(at(0x8000n + offset), length, order, value)).toBe(true);
    expect(memory.read(at(0x8000n + offset), length, order)).toBe(value);
    const around = [0n, 8n].filter((word) => word !== (offset & 8n));
    for (const word of around) expect(memory.read(at(0x8000n + word), 8, order)).toBe(0n);
  });

  test('the last byte is inside, the one after it is not', () => {
    const memory = flatMemory(make(bytes), 0x8000n);
    expect(memory.read(at(0x8008n), 8, 'big')).toBe(0x090a_0b0c_0d0e_0f10n);
    expect(memory.read(at(0x800cn), 4, 'big')).toBe(0x0d0e_0f10n);
    for (const outside of [0x8009n, 0x800dn, 0x8010n, 0x7fffn, 0x7ff8n, 0n, (1n << 64n) - 8n])
      expect(memory.read(at(outside), 8, 'big'), outside.toString(16)).toBeUndefined();
    for (const outside of [0x800dn, 0x8010n, 0x7ffdn])
      expect(memory.read(at(outside), 4, 'big'), outside.toString(16)).toBeUndefined();
  });

  test('a write that is refused leaves every byte as it was', () => {
    const bytes = make(counted(16));
    const memory = flatMemory(bytes, 0x8000n);
    for (const [address, length] of [
      [0x800cn, 8],
      [0x8010n, 4],
      [0x7ffcn, 8],
      [0n, 4],
    ] as const)
      expect(memory.write(at(address), length, 'little', 0xffff_ffff_ffff_ffffn)).toBe(false);
    expect([memory.read(at(0x8000n), 8, 'big'), memory.read(at(0x8008n), 8, 'big')]).toEqual([
      0x0102_0304_0506_0708n,
      0x090a_0b0c_0d0e_0f10n,
    ]);
  });

  test('a write shows in the bytes that were handed in: nothing is copied', () => {
    const bytes = make(new Uint8Array(16));
    flatMemory(bytes).write(at(8n), 4, 'big', 0x0a0b_0c0dn);
    const view = bytes instanceof Uint8Array ? bytes : new Uint8Array('buffer' in bytes ? bytes.buffer : bytes);
    expect([...view]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 10, 11, 12, 13, 0, 0, 0, 0]);
  });
});

function sharedOf(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length));
  view.set(bytes);
  return view;
}

test('memory at the top of the address space', () => {
  const base = (1n << 64n) - 16n;
  const memory = flatMemory(counted(16), base);
  expect(memory.read(at(base + 8n), 8, 'big')).toBe(0x090a_0b0c_0d0e_0f10n);
  expect(memory.read(at(base + 12n), 4, 'little')).toBe(0x100f_0e0dn);
  // 12 bytes below 2^64 an 8-byte value would go on at 0.
  expect(memory.read(at(base + 12n), 8, 'big')).toBeUndefined();
  expect(memory.write(at((1n << 64n) - 1n), 4, 'big', 1n)).toBe(false);
  expect(memory.read(at(0n), 8, 'big')).toBeUndefined();
});

test('no memory at all', () => {
  for (const memory of [flatMemory(new ArrayBuffer(0)), sparseMemory(new ArrayBuffer(8), [])]) {
    expect(memory.read(at(0n), 4, 'little')).toBeUndefined();
    expect(memory.write(at(0n), 4, 'little', 0n)).toBe(false);
  }
});

describe('sparse memory', () => {
  /** 0x1000…0x100f, 0x2000…0x2007 and 0x2010…0x2017, stored in another order. */
  const pieces: Piece[] = [
    { at: 0x2010n, length: 8, offset: 0 },
    { at: 0x1000n, length: 16, offset: 8 },
    { at: 0x2000n, length: 8, offset: 24 },
  ];

  test('pieces come in any order, and are kept in ascending order', () => {
    const memory = sparseMemory(counted(32), pieces);
    expect(memory.pieces.map((p) => p.at)).toEqual([0x1000n, 0x2000n, 0x2010n]);
    expect(memory.read(at(0x2010n), 8, 'big')).toBe(0x0102_0304_0506_0708n);
    expect(memory.read(at(0x1000n), 8, 'big')).toBe(0x090a_0b0c_0d0e_0f10n);
    expect(memory.read(at(0x1008n), 8, 'big')).toBe(0x1112_1314_1516_1718n);
    expect(memory.read(at(0x2000n), 8, 'big')).toBe(0x191a_1b1c_1d1e_1f20n);
  });

  test('what was handed in is not sorted in place', () => {
    const mine = [...pieces];
    sparseMemory(counted(32), mine);
    expect(mine).toEqual(pieces);
  });

  test('holes: between pieces, before the first and behind the last', () => {
    const memory = sparseMemory(counted(32), pieces);
    for (const hole of [0xff8n, 0x1010n, 0x1ff8n, 0x2008n, 0x2018n, 0n])
      expect(memory.read(at(hole), 8, 'big'), hole.toString(16)).toBeUndefined();
  });

  test('a value that begins inside a piece and ends in a hole', () => {
    const bytes = counted(32);
    const memory = sparseMemory(bytes, pieces);
    expect(memory.read(at(0x100cn), 4, 'big')).toBe(0x1516_1718n);
    expect(memory.read(at(0x100cn), 8, 'big')).toBeUndefined();
    expect(memory.write(at(0x2004n), 8, 'big', 0n)).toBe(false);
    expect(bytes).toEqual(counted(32));
  });

  test('a write lands in its own piece', () => {
    const bytes = new Uint8Array(32);
    expect(sparseMemory(bytes, pieces).write(at(0x1008n), 4, 'big', 0x0102_0304n)).toBe(true);
    expect(bytes.findIndex((byte) => byte !== 0)).toBe(16);
    expect([...bytes.subarray(16, 20)]).toEqual([1, 2, 3, 4]);
  });

  test('adjacent pieces, wherever their bytes are', () => {
    const memory = sparseMemory(counted(16), [
      { at: 0x1008n, length: 8, offset: 0 },
      { at: 0x1000n, length: 8, offset: 8 },
    ]);
    expect(memory.read(at(0x1000n), 8, 'big')).toBe(0x090a_0b0c_0d0e_0f10n);
    expect(memory.read(at(0x1008n), 8, 'big')).toBe(0x0102_0304_0506_0708n);
  });

  test('a value across two adjacent pieces lies inside memory with every byte', () => {
    const memory = sparseMemory(counted(16), [
      { at: 0x1000n, length: 8, offset: 0 },
      { at: 0x1008n, length: 8, offset: 8 },
    ]);
    expect(memory.read(at(0x1004n), 8, 'big')).toBe(0x0506_0708_090a_0b0cn);
    expect(memory.pieces).toEqual([{ at: 0x1000n, length: 16, offset: 0 }]);
  });

  test('a value across two adjacent pieces whose bytes do not follow on is refused: one load is one run', () => {
    const bytes = counted(16);
    const memory = sparseMemory(bytes, [
      { at: 0x1000n, length: 8, offset: 8 },
      { at: 0x1008n, length: 8, offset: 0 },
    ]);
    expect(memory.read(at(0x1004n), 8, 'big')).toBeUndefined();
    expect(memory.write(at(0x1004n), 8, 'big', 0n)).toBe(false);
    expect(bytes).toEqual(counted(16));
  });

  test('an empty piece is nowhere, in whatever order it comes', () => {
    const full = { at: 0x1000n, length: 8, offset: 0 };
    const empty = { at: 0x1000n, length: 0, offset: 0 };
    for (const both of [
      [full, empty],
      [empty, full],
    ])
      expect(sparseMemory(counted(8), both).read(at(0x1000n), 8, 'big')).toBe(0x0102_0304_0506_0708n);
  });

  test('agrees with a search through all pieces, byte by byte', () => {
    const layouts = fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 8 }).map((runs) => {
      const made: Piece[] = [];
      let address = 0n;
      let offset = 0;
      for (const [hole, length] of runs) {
        // A hole of at least one byte: adjacent pieces have a test of their own.
        made.push({ at: address + BigInt(hole + 1), length: length + 1, offset });
        address += BigInt(hole + length + 2);
        offset += length + 1;
      }
      return made;
    });
    fc.assert(
      fc.property(layouts, fc.bigInt(0n, 200n), fc.constantFrom(4 as const, 8 as const), (made, address, length) => {
        const bytes = Uint8Array.from({ length: 200 }, (_, i) => (i * 37) & 0xff);
        const byteAt = (a: bigint): number | undefined => {
          const piece = made.find((p) => a >= p.at && a < p.at + BigInt(p.length));
          return piece && bytes[piece.offset + Number(a - piece.at)];
        };
        const expected = Array.from({ length }, (_, i) => byteAt(address + BigInt(i)));
        const value = expected.includes(undefined)
          ? undefined
          : expected.reduce<bigint>((sum, byte) => (sum << 8n) | BigInt(byte!), 0n);
        expect(sparseMemory(bytes, [...made].reverse()).read(at(address), length, 'big')).toBe(value);
      }),
      property,
    );
  });
});

describe('a layout that cannot be', () => {
  test.each<[string, Piece[], string, RegExp]>([
    [
      'overlapping pieces',
      [
        { at: 0x1000n, length: 16, offset: 0 },
        { at: 0x100fn, length: 8, offset: 16 },
      ],
      '0x100f',
      /no overlap/,
    ],
    [
      'two pieces at the same address',
      [
        { at: 0x1000n, length: 8, offset: 0 },
        { at: 0x1000n, length: 8, offset: 8 },
      ],
      '0x1000',
      /no overlap/,
    ],
    ['more bytes than the buffer has', [{ at: 0n, length: 65, offset: 0 }], '0x0', /inside the buffer of 64/],
    ['an offset too far', [{ at: 0n, length: 8, offset: 57 }], '0x0', /inside the buffer of 64/],
    ['a negative offset', [{ at: 0n, length: 8, offset: -1 }], '0x0', /not negative/],
    ['a negative length', [{ at: 0n, length: -8, offset: 16 }], '0x0', /not negative/],
    ['half a byte', [{ at: 0n, length: 7.5, offset: 0 }], '0x0', /whole numbers/],
    ['no number', [{ at: 0n, length: Number.NaN, offset: 0 }], '0x0', /whole numbers/],
    ['an address below 0', [{ at: -8n, length: 8, offset: 0 }], '0x-8', /from 0 to 2\^64-1/],
    ['an address past 2^64', [{ at: (1n << 64n) - 4n, length: 8, offset: 0 }], '0xfffffffffffffffc', /from 0 to 2\^64/],
  ])('%s', (_what, pieces, where, expected) => {
    expect(layout(pieces)).toEqual(['memory-layout', `piece at ${where}`, expect.stringMatching(expected)]);
  });

  test('flat memory past 2^64', () => {
    expect(refused(UsageError, () => flatMemory(new ArrayBuffer(16), (1n << 64n) - 8n)).code).toBe('memory-layout');
  });

  test('a shared buffer wants pieces aligned to 8 bytes, at both ends of the map', () => {
    const shared = new SharedArrayBuffer(64);
    const expected = ['memory-layout', expect.any(String), 'alignment to 8 bytes in a shared buffer'];
    expect(layout([{ at: 0x1004n, length: 8, offset: 0 }], shared)).toEqual(expected);
    expect(layout([{ at: 0x1000n, length: 8, offset: 4 }], shared)).toEqual(expected);
    expect(layout([{ at: 0x1000n, length: 8, offset: 0 }], new Uint8Array(shared, 4))).toEqual(expected);
    // The offset of the view and that of the piece together are what counts.
    const memory = sparseMemory(new Uint8Array(shared, 4), [{ at: 0x1000n, length: 8, offset: 4 }]);
    expect(memory.read(at(0x1000n), 8, 'big')).toBe(0n);
  });
});

describe('unaligned values', () => {
  test('have an answer in a buffer of one thread', () => {
    expect(flatMemory(counted(16)).read(at(3n), 8, 'big')).toBe(0x0405_0607_0809_0a0bn);
    expect(flatMemory(counted(16)).read(at(3n), 4, 'little')).toBe(0x0706_0504n);
  });

  test('are refused in a shared one, where they could tear', () => {
    const bytes = sharedOf(counted(16));
    const memory = flatMemory(bytes);
    const refusal = (length: 4 | 8) => ({
      code: 'memory-layout',
      argument: 'address',
      expected: `alignment to ${length} bytes in a shared buffer`,
    });
    expect(refused(UsageError, () => memory.read(at(4n), 8, 'big'))).toMatchObject(refusal(8));
    expect(refused(UsageError, () => memory.read(at(2n), 4, 'big'))).toMatchObject(refusal(4));
    expect(refused(UsageError, () => memory.write(at(4n), 8, 'big', 0n))).toMatchObject(refusal(8));
    expect(refused(UsageError, () => memory.write(at(2n), 4, 'big', 0n))).toMatchObject(refusal(4));
    expect([...bytes]).toEqual([...counted(16)]);
    expect(memory.read(at(4n), 4, 'big')).toBe(0x0506_0708n);
  });
});

test('a shared buffer that ends inside a word still gives its last half word', () => {
  const memory = flatMemory(sharedOf(counted(12)));
  expect(memory.read(at(8n), 4, 'big')).toBe(0x090a_0b0cn);
  expect(memory.read(at(8n), 8, 'big')).toBeUndefined();
});

describe('memory that changes, and what is none', () => {
  const read = (memory: Memory): bigint | undefined => memory.read(paddr(0x1000n), 8, 'little');

  test('a buffer that was taken away', () => {
    const buffer = new ArrayBuffer(0x4000);
    const memory = flatMemory(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    expect(read(memory)).toBeUndefined();
    expect(memory.write(paddr(0n), 8, 'little', 1n)).toBe(false);
  });

  test('a holder whose buffer is replaced by a shorter one, and by a longer one again', () => {
    const holder = { buffer: new ArrayBuffer(0x4000) };
    const memory = flatMemory(holder);
    holder.buffer = new ArrayBuffer(16);
    expect(read(memory)).toBeUndefined();
    holder.buffer = new ArrayBuffer(0x2000);
    expect(read(memory)).toBe(0n);
  });

  test('a buffer that is made shorter', () => {
    const make = ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer & { resize(n: number): void };
    const buffer = new make(0x4000, { maxByteLength: 0x8000 });
    const memory = flatMemory(buffer);
    expect(read(memory)).toBe(0n);
    buffer.resize(0x1008);
    expect(read(memory)).toBe(0n);
    buffer.resize(0x1004);
    expect(read(memory)).toBeUndefined();
    buffer.resize(0x4000);
    expect(read(memory)).toBe(0n);
  });

  test.each([undefined, null, 5, '0x1000', {}, [], Symbol('x')])('values of the wrong kind', (value) => {
    const memory = flatMemory(new ArrayBuffer(16));
    const wrong = value as never;
    expect(refused(UsageError, () => flatMemory(wrong)).code).toBe('argument');
    expect(
      refused(UsageError, () => flatMemory(new ArrayBuffer(16), wrong === undefined ? (5 as never) : wrong)).code,
    ).toBe('memory-layout');
    expect(refused(UsageError, () => sparseMemory(new ArrayBuffer(16), [wrong])).code).toBe('memory-layout');
    expect(refused(UsageError, () => memory.read(wrong, 8, 'little')).code).toBe('argument');
    expect(refused(UsageError, () => memory.read(paddr(0n), wrong, 'little')).code).toBe('argument');
    expect(refused(UsageError, () => memory.write(paddr(0n), 8, 'little', wrong)).code).toBe('argument');
  });

  test.each([1, 2] as const)('words of %s bytes, plain and shared', (bytes) => {
    for (const buffer of [new ArrayBuffer(16), new SharedArrayBuffer(16)]) {
      const memory = flatMemory(buffer);
      expect(memory.write(paddr(4n), bytes, 'big', 0x1234n)).toBe(true);
      expect(memory.read(paddr(4n), bytes, 'big')).toBe(bytes === 1 ? 0x34n : 0x1234n);
      expect(memory.read(paddr(4n), 1, 'little')).toBe(bytes === 1 ? 0x34n : 0x12n);
    }
  });
});
