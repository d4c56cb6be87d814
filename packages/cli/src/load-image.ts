/** Raw images of physical memory, plain or gzip, each at an address of its own. */
import { type Memory, type Piece, sparseMemory, UsageError } from '@kernel-mm/pgtable-core';
import { loadBytes } from './load-guest.ts';
import { word } from './words.ts';

/**
 * Memory made of images: `FILE` at physical 0, `FILE@PHYSICAL` elsewhere.
 * @throws FixtureError for a file that cannot be read, UsageError for images that overlap
 */
export function loadImages(images: readonly string[]): Memory {
  const files = images.map((image) => {
    const [, file = image, at] = /^(.*)@(0x[0-9a-f]+|\d+)$/i.exec(image) ?? [];
    return { bytes: loadBytes(file), at: at === undefined ? 0n : word('--image', at) };
  });
  const all = new Uint8Array(files.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let offset = 0;
  const pieces = files.map(({ bytes, at }): Piece => {
    all.set(bytes, offset);
    offset += bytes.length;
    return { at, length: bytes.length, offset: offset - bytes.length };
  });
  try {
    return sparseMemory(all, pieces);
  } catch (error) {
    if (error instanceof UsageError)
      throw new UsageError('argument', '--image', `${error.argument}: ${error.expected}`);
    throw error;
  }
}
