/** Entries by themselves, and tagged addresses: public reports, each with its right answer. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ARCHITECTURES } from '@kernel-mm/arch-generic';
import { entry, explainWord, LEVELS, machine, makeSwap } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { run } from '../src/run.ts';
import { swapKind, swapSaid } from '../src/swap-kind.ts';

const folder = mkdtempSync(join(tmpdir(), 'kernel-mm-'));
/** An image of 64 KiB at physical 0x10000, or elsewhere. */
function image(name: string, entries: readonly (readonly [at: number, value: bigint])[], from = 0): string {
  const bytes = new DataView(new ArrayBuffer(0x1_6000));
  for (const [at, value] of entries) bytes.setBigUint64(at + from, value, true);
  const file = join(folder, name);
  writeFileSync(file, new Uint8Array(bytes.buffer));
  return file;
}
const alone = (...words: string[]) => run(['explain', '--entry', ...words], false);

describe('a swap entry by itself', () => {
  // raspberrypi/linux#5138: the kernel printed 40207070a050609, type << 58 | offset.
  const words = ['0xa07070a0506090a', '--level', 'pte', '--arch', 'arm64-4k-va39', '--linux', '6.0'];

  test('is no page, has a type and an offset, and no rights', () => {
    const { out, status } = alone(...words);
    expect(status).toBe(1);
    expect(out).toContain('no page: a swap entry, type 1, offset 0x207070a050609\n');
    expect(out).toContain('fields: none\n  Linux answers yes to: pte_swap\n');
  });

  test('the same for programs', () => {
    const found = JSON.parse(alone(...words, '--json').out);
    expect(found).toMatchObject({ role: 'not-present', fields: {}, is: ['swap'] });
    expect(found.swap).toEqual({ type: '0x1', offset: '0x207070a050609', kind: 'swap entry', marks: [] });
    expect((1n << 58n) | BigInt(found.swap.offset)).toBe(0x40207070a050609n);
  });

  test('types that are no device, by version', () => {
    const kinds = (linux: '5.8' | '5.14' | '5.19' | '6.2' | '6.15') =>
      Array.from({ length: 32 }, (_, type) => swapKind(BigInt(type), linux));
    expect(kinds('5.8').slice(26, 29)).toEqual(['swap entry', 'hardware poison', 'migration entry, readable']);
    expect(kinds('5.14').indexOf('hardware poison')).toBe(25);
    expect(kinds('5.19').slice(22)).toEqual([
      ...['hardware poison', 'migration entry, readable', 'migration entry, readable and exclusive'],
      ...['migration entry, writable', 'device-private page, writable', 'device-private page, readable'],
      ...['device-exclusive page, writable', 'device-exclusive page, readable', 'pte marker', 'failed swap-in'],
    ]);
    expect(kinds('6.2').indexOf('hardware poison')).toBe(23);
    expect(kinds('6.15').indexOf('hardware poison')).toBe(24);
    expect(kinds('6.15').at(-1)).toBe('pte marker');
  });

  test.each(Object.keys(ARCHITECTURES))('%s: what is made is taken apart, at each level that swaps', (id) => {
    const { arch } = ARCHITECTURES[id]!();
    for (const level of LEVELS) {
      const made = makeSwap(arch, level, { type: 3n, offset: 0x123n });
      if (made !== undefined) expect(swapSaid(arch, level, made)).toEqual({ type: 3n, offset: 0x123n, marks: [] });
    }
  });

  test('a migration entry of x86-64 says that it moves, and for which kernels', () => {
    const { arch } = ARCHITECTURES['x86-64']!('6.1');
    const made = makeSwap(arch, 'pte', { type: 25n, offset: 0x1234n })!;
    const { out } = alone(`0x${made.toString(16)}`, '--level', 'pte', '--arch', 'x86-64', '--linux', '6.1');
    expect(out).toContain('a migration entry, writable (Linux 6.1, everything built in), type 25, offset 0x1234\n');
  });
});

describe('the machine beside Linux', () => {
  // yuchdev/SmbiosUtil#1: bit 51 is beyond a MAXPHYADDR of 39.
  const words = ['0x80280035a2ee7335', '--level', 'pte', '--arch', 'x86-64'];
  const state = ['--state', 'maxPhysBits=39', '--state', 'nxe=true'];

  test('refuses a reserved bit in the state that is said', () => {
    const { out, status } = alone(...words, ...state);
    expect(out).toContain('the machine: refuses it: an address bit beyond MAXPHYADDR\n');
    expect(status).toBe(1);
    expect(alone(...words, '--state', 'maxPhysBits=52', '--state', 'nxe=true').status).toBe(0);
  });

  test('a state that it does not have is refused', () => {
    const { error, out, status } = alone(...words, '--state', 'nonsense=1');
    expect([out, status]).toEqual(['', 2]);
    expect(error).toContain('--state.nonsense: expected a key of x86-64');
  });

  test('says what an entry takes away, and which rules it was not asked', () => {
    expect(alone('0x8065', '--level', 'pte', '--arch', 'x86-64', '--state', 'user=true').out).toMatch(
      /the machine: 4 KiB at 0x8000.*no write: /,
    );
    expect(alone('0x123007', '--level', 'pud', '--arch', 's390').out).toMatch(
      /not asked without an address: .*the index lies before TF/,
    );
    expect(alone('0x7', '--level', 'p4d', '--arch', 'x86-64').out).toContain('the machine: reads no entries of p4d');
  });

  test.each(Object.keys(ARCHITECTURES))('%s: never throws, whatever the bits are', (id) => {
    const on = machine(ARCHITECTURES[id]!());
    const all = (1n << BigInt(8 * on.arch.entryBytes)) - 1n;
    for (const level of LEVELS)
      for (const raw of [0n, 1n, all, all - 1n, 0x8067n, 0x8000_0000n])
        expect(typeof (explainWord(on, level, entry(level, raw))?.says ?? '')).toBe('string');
  });
});

describe('a tagged user pointer', () => {
  // dotnet/runtime#124709, unicorn-engine/unicorn#2165
  const tables = image('tagged', [
    [0x10000, 0x11003n],
    [0x11000, 0x12003n],
    [0x12010, 0x13003n],
    [0x13000, 0x60000000008f53n],
  ]);
  const from = ['--image', tables, '--arch', 'arm64-4k-va48', '--root', '0x10000'];

  test('is walked without its tag, and the walk says so', () => {
    const { out, status } = run(['walk', '0xb400000000400123', ...from], false);
    expect(status).toBe(0);
    expect(out).toMatch(/^0xb400000000400123 is tagged, which Linux takes off \(TBI\): 0x400123 is walked\n/);
    expect(out).toContain('physical 0x8123');
    expect(JSON.parse(run(['walk', '0xb400000000400123', ...from, '--json'], false).out)[0].note).toContain('tagged');
  });

  test('is pinned without its tag', () => {
    const { out, status } = run(['gup', '0xb400000000400000-0xb400000000401000', ...from], false);
    expect(out).toContain('0x400000-0x401000  physical 0x8000');
    expect([out.includes('is tagged'), status]).toEqual([true, 0]);
  });

  test('loses it whatever TCR says: untagged_addr looks at no register', () => {
    for (const tcr of ['0x1', '0x2000000000'])
      expect(run(['walk', '0xb400000000400123', ...from, '--state', `tcr=${tcr}`], false).status).toBe(0);
  });

  test('keeps what is no tag: in the kernel’s half, and on other machines', () => {
    expect(run(['walk', '0xfff0000000400123', ...from], false).out).not.toContain('is tagged');
    const x86 = ['--image', tables, '--arch', 'x86-64', '--root', '0x10000'];
    expect(run(['walk', '0xb400000000400123', ...x86], false).out).not.toContain('is tagged');
  });

  test('of LAM is what the machine ignores', () => {
    const lam = ['--image', tables, '--arch', 'x86-64', '--root', '0x2000000000010000'];
    expect(run(['walk', '0x3400000000400123', ...lam], false).out).toContain('which this machine ignores: 0x400123');
  });
});

test('an ELF core as an image says what it is', () => {
  const entries = [
    [0x1000, 0x2067n],
    [0x2000, 0x3067n],
    [0x3010, 0x4067n],
    [0x4000, 0x8067n],
  ] as const;
  // One PT_LOAD: offset 0x2000, physical 0x1000, 0x4000 bytes.
  const header = [
    [0, 0x0001_0102_464c_457fn],
    [16, 0x0001_003e_0004n],
    [32, 64n],
    [64, 0x4_0000_0001n],
    [72, 0x2000n],
    [88, 0x1000n],
    [96, 0x4000n],
    [104, 0x4000n],
  ] as const;
  const core = image('core', [...header, ...entries.map(([at, value]) => [at + 0x1000, value] as const)]);
  const { error, out, status } = run(
    ['walk', '0x400123', '--image', core, '--arch', 'x86-64', '--root', '0x1000'],
    false,
  );
  expect([out, status]).toEqual(['', 1]);
  expect(error).toContain(
    'not an ELF file: give its runs of memory as files of their own, each as --image RUN@PHYSICAL',
  );
});
