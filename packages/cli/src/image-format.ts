/** Which dump format a memory image has, by its first bytes. Only raw memory is walked; the others are named. */
import { FixtureError } from '@kernel-mm/pgtable-core/guest';

/** A format that is not raw memory. */
export interface ImageFormat {
  /** What it is called. */
  readonly name: string;
  /** How to get raw memory out of it. */
  readonly instead: string;
}

/** How many first bytes {@link imageFormatOf} looks at. */
export const IMAGE_HEAD = 16;

const PIECES =
  'give its runs of memory as files of their own, each as --image RUN@PHYSICAL; for an ELF core, each LOAD of ' +
  'readelf -l is one: FileSiz bytes from Offset, at PhysAddr';
const AS_ELF = 'convert it to an ELF core (makedumpfile -E, crash, virsh dump --memory-only), then ';
const HEADED = 'a header precedes each range: write it anew with format=raw or padded, or ';

/**
 * The first bytes, in the order in which they lie. Sources: ELF (gABI, e_ident); diskdump and flattened files
 * (makedumpfile 1.7: diskdump_mod.h, print_info.h); LiME (doc/README.md); AVML (README.md); VMware snapshots and Windows
 * crash dumps as Volatility 3 reads them (layers/vmware.py, layers/crash.py).
 */
const FORMATS: readonly (readonly [magic: string, ImageFormat])[] = [
  ['7f454c46', { name: 'an ELF file', instead: PIECES }],
  ['4b44554d50202020', { name: 'a kdump-compressed dump', instead: AS_ELF + PIECES }], // KDUMP
  ['4449534b44554d50', { name: 'a diskdump', instead: AS_ELF + PIECES }], // DISKDUMP
  ['6d616b6564756d7066696c6500000000', { name: 'a flattened dump of makedumpfile', instead: AS_ELF + PIECES }],
  ['454d694c', { name: 'a LiME file', instead: HEADED + PIECES }], // EMiL
  ['41564d4c', { name: 'a compressed AVML file', instead: `unpack it (avml-convert), then ${PIECES}` }],
  ...['d0bed2be', 'd1bad1ba', 'd2bed2be', 'd3bed3be'].map((magic) => {
    const vmware = { name: 'a VMware snapshot', instead: 'the memory is in the .vmem beside it; give that' };
    return [magic, vmware] as const;
  }),
  ['5041474544553634', { name: 'a Windows crash dump', instead: PIECES }], // PAGEDU64
];

/** The format that the first bytes of a file name; `undefined` for raw memory, and for anything else. */
export function imageFormatOf(head: Uint8Array): ImageFormat | undefined {
  const bytes = [...head.subarray(0, IMAGE_HEAD)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return FORMATS.find(([magic]) => bytes.startsWith(magic))?.[1];
}

/**
 * Refuses an image that is a dump with a header.
 * @param file what the error calls it
 * @throws FixtureError `format`, which names the format and says what to do
 */
export function checkRaw(head: Uint8Array, file: string): void {
  const found = imageFormatOf(head);
  if (found) throw new FixtureError('format', file, `raw memory, not ${found.name}: ${found.instead}`);
}
