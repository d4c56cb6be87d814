/** Images stay in their files: what is read of them is what is in them, whatever their size; and dumps are named. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { flatMemory, paddr } from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadImages } from '../src/load-image.ts';
import { run } from '../src/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'kernel-mm-'));
const write = (name: string, bytes: Uint8Array): string => {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
};
const noise = (length: number): Uint8Array => {
  let seed = 1;
  return Uint8Array.from({ length }, () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed >> 16;
  });
};

test('every word is as in memory, in either order, in plain files and gzip, also across pages', () => {
  const bytes = noise(3 * 65536 + 5);
  const flat = flatMemory(Uint8Array.from(bytes), 0x1000n);
  const [plain, packed] = [write('plain', bytes), write('packed.gz', gzipSync(bytes))];
  const [paged, whole] = [loadImages([`${plain}@0x1000`]), loadImages([`${packed}@4096`])];
  const at = fc.oneof(
    fc.integer({ min: 0, max: bytes.length + 0x1010 }),
    fc.constantFrom(...[1, 2, 3].flatMap((n) => [-7, -4, -1, 0].map((by) => 0x1000 + n * 65536 + by))),
  );
  fc.assert(
    fc.property(at, fc.constantFrom(4, 8), fc.constantFrom('little', 'big'), (where, length, order) => {
      const expected = flat.read(paddr(BigInt(where)), length as 4 | 8, order as 'big');
      for (const memory of [paged, whole])
        expect(memory.read(paddr(BigInt(where)), length as 4 | 8, order as 'big')).toBe(expected);
    }),
  );
  expect(paged.write(paddr(0x1000n), 8, 'little', 0n)).toBe(false);
});

test('a word may lie in two images that follow each other, and not in a hole', () => {
  const bytes = noise(24);
  const [one, two] = [write('one', bytes.subarray(0, 12)), write('two', bytes.subarray(12))];
  const next = loadImages([`${two}@12`, one]);
  expect(next.read(paddr(8n), 8, 'big')).toBe(flatMemory(bytes.buffer as ArrayBuffer).read(paddr(8n), 8, 'big'));
  expect(loadImages([`${two}@13`, one]).read(paddr(8n), 8, 'big')).toBeUndefined();
});

test('more pages than are kept: the first is read again', () => {
  const bytes = new Uint8Array(300 * 65536).map((_, at) => at >> 16);
  const memory = loadImages([write('many', bytes)]);
  const flat = flatMemory(bytes.buffer as ArrayBuffer);
  for (const at of [0n, ...Array.from({ length: 300 }, (_, n) => BigInt(n * 65536)), 8n])
    expect(memory.read(paddr(at), 8, 'little')).toBe(flat.read(paddr(at), 8, 'little'));
});

test('a file that becomes shorter while it is looked at ends there', () => {
  const file = write('shrinks', noise(4 * 65536));
  const memory = loadImages([file]);
  truncateSync(file, 65536);
  expect(memory.read(paddr(0n), 8, 'little')).toBeDefined();
  expect(memory.read(paddr(2n * 65536n), 8, 'little')).toBeUndefined();
});

test('a sparse file of 5 GiB, with its tables beyond 4 GiB', () => {
  const file = write('big', new Uint8Array(0));
  truncateSync(file, 5 * 2 ** 30);
  const script = 'const fs=require("fs");const f=fs.openSync(process.argv[1],"r+");const b=Buffer.alloc(8);';
  const put = 'for(const [a,v] of JSON.parse(process.argv[2])){b.writeBigUInt64LE(BigInt(v));fs.writeSync(f,b,0,8,a)}';
  const tables = [
    [0x1_2000_0000, '0x120001067'],
    [0x1_2000_1000, '0x120002067'],
    [0x1_2000_2010, '0x120003067'],
    [0x1_2000_3000, '0x8067'],
  ];
  execFileSync(process.execPath, ['-e', script + put, file, JSON.stringify(tables)]);
  const { out, status } = run(
    ['walk', '0x400123', '--image', file, '--arch', 'x86-64', '--root', '0x120000000'],
    false,
  );
  expect([out.trimEnd().split('\n').at(-1), status]).toEqual(['physical 0x8123, a 4 KiB page of level pte', 0]);
});

describe('a dump', () => {
  const elf = new Uint8Array(0x6000);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const translate = (file: string, ...more: string[]) =>
    run(['translate', '0', '--image', file, '--arch', 'x86-64', '--root', '0x1000', ...more], false);

  test.each([
    ['plain', elf],
    ['gzip', gzipSync(elf)],
  ])('%s: says what it is, and what to do', (name, bytes) => {
    const { error, out, status } = translate(write(`elf-${name}`, bytes));
    expect([out, status]).toEqual(['', 1]);
    expect(error).toMatch(/expected raw memory, not an ELF file: give its runs .* --image RUN@PHYSICAL/);
  });

  test('is walked as raw memory where that is asked', () => {
    expect(translate(write('elf-raw', elf), '--raw').out).toMatch(/page-fault|page fault/);
  });
});

test('images that overlap, or pass 2^64', () => {
  const file = write('small', noise(64));
  expect(() => loadImages([`${file}@0`, `${file}@63`])).toThrow('--image: expected images that do not overlap');
  expect(() => loadImages([`${file}@0xfffffffffffffff8`])).toThrow('--image: expected an image that ends below 2^64');
});
