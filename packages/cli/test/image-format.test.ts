/** Each format by its first bytes, as its own documents give them; and raw memory, which is none of them. */
import { FixtureError } from '@kernel-mm/pgtable-core/guest';
import { describe, expect, test } from 'vitest';
import { checkRaw, imageFormatOf } from '../src/machines.ts';

const head = (...parts: (string | number)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part, 'latin1')] : [part])));

const DUMPS: readonly (readonly [name: string, bytes: Uint8Array, says: RegExp])[] = [
  ['an ELF file', head(0x7f, 'ELF', 2, 1, 1), /FileSiz bytes from Offset, at PhysAddr/],
  ['a kdump-compressed dump', head('KDUMP   ', 6, 0, 0, 0), /makedumpfile -E/],
  ['a diskdump', head('DISKDUMP', 1), /makedumpfile -E/],
  ['a flattened dump', head('makedumpfile', 0, 0, 0, 0, 0, 0, 0, 1), /makedumpfile -E/],
  ['a LiME file', head(0x45, 0x4d, 0x69, 0x4c, 1, 0, 0, 0), /--image RUN@PHYSICAL/],
  ['a compressed AVML file', head(0x41, 0x56, 0x4d, 0x4c, 2, 0, 0, 0), /avml-convert/],
  ['a VMware snapshot', head(0xd0, 0xbe, 0xd2, 0xbe), /\.vmem/],
  ['a VMware snapshot', head(0xd1, 0xba, 0xd1, 0xba), /\.vmem/],
  ['a VMware snapshot', head(0xd2, 0xbe, 0xd2, 0xbe), /\.vmem/],
  ['a VMware snapshot', head(0xd3, 0xbe, 0xd3, 0xbe), /\.vmem/],
  ['a Windows crash dump', head('PAGEDU64', 0xf), /--image RUN@PHYSICAL/],
];

test.each(DUMPS)('%s', (name, bytes, says) => {
  expect(imageFormatOf(bytes)?.name).toContain(name);
  const check = () => checkRaw(bytes, 'dump');
  expect(check).toThrow(FixtureError);
  expect(check).toThrow(says);
  expect(check).toThrow(`dump: expected raw memory, not ${name}`);
});

describe('raw memory', () => {
  test.each(DUMPS)('that begins as %s does, with one letter another', (_, bytes) => {
    for (const n of [0, 1, 2, 3]) {
      const other = bytes.map((byte, at) => (at === n ? byte ^ 0x80 : byte));
      expect(imageFormatOf(other)).toBeUndefined();
    }
  });

  test('of zeros, of tables, and of nothing', () => {
    for (const bytes of [new Uint8Array(4096), head(0x67, 0x20), head(), head(0x7f, 'EL')])
      expect(imageFormatOf(bytes)).toBeUndefined();
  });
});
