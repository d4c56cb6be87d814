/** Raw images of physical memory, plain or gzip, each at an address of its own. Plain ones stay in their files. */
import { readSync } from 'node:fs';
import type { Memory } from '@kernel-mm/pgtable-core';
import { filePages, type ImagePiece, imageMemory } from './file-memory.ts';
import { checkRaw, IMAGE_HEAD } from './image-format.ts';
import { bytesOf, isGzip, type ReadLimits, told, withFile } from './read-file.ts';
import { word } from './words.ts';

/** How images are read. */
export interface ImageOptions extends ReadLimits {
  /** Whether an image that looks like a dump with a header is walked all the same. Default: false. */
  readonly raw?: boolean;
}

/**
 * Memory made of images: `FILE` at physical 0, `FILE@PHYSICAL` elsewhere.
 * @throws FixtureError for a file that cannot be read, or is no raw memory; UsageError for images that overlap
 */
export const loadImages = (images: readonly string[], options: ImageOptions = {}): Memory =>
  imageMemory(
    images.map((image): ImagePiece => {
      const [, file = image, at] = /^(.*)@(0x[0-9a-f]+|\d+)$/is.exec(image) ?? [];
      return { at: at === undefined ? 0n : word('--image', at), ...contentOf(file, options) };
    }),
  );

const contentOf = (file: string, options: ImageOptions): Omit<ImagePiece, 'at'> =>
  withFile(file, options, (open): Omit<ImagePiece, 'at'> => {
    const head = new Uint8Array(IMAGE_HEAD);
    // What is read of a pipe is gone.
    if (open.isRegular) readSync(open.fd, head, 0, IMAGE_HEAD, 0);
    const whole = open.isRegular && !isGzip(head) ? undefined : bytesOf(file, open, options);
    if (!options.raw) checkRaw(whole ?? head, told(file));
    if (!whole) return { length: open.size, page: filePages(file, options) };
    return { length: whole.length, page: (offset) => whole.subarray(offset) };
  });
