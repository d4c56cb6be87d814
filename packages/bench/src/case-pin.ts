/** gup_fast's range walk: from one page to a million, with plain counts and with counts that threads share. */
import { type Vaddr, vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import { compile } from '@kernel-mm/pgtable-wasm';
import { agree, type Case, type Prepared } from './case.ts';
import type { Yardsticks } from './native.ts';
import type { Candidate } from './rounds.ts';
import { SETTINGS, type Setting } from './settings.ts';
import { buildSpace, type Space } from './space.ts';

const PAGE = 4096;
const LENGTHS: readonly { readonly pages: number; readonly full?: boolean }[] = [
  { pages: 1 },
  { pages: 8, full: true },
  { pages: 64 },
  { pages: 512 },
  { pages: 4096, full: true },
  { pages: 2 ** 16 },
  { pages: 2 ** 20 },
];

/** All of them. */
export const pinCases: readonly Case[] = SETTINGS.flatMap((setting) =>
  LENGTHS.flatMap(({ pages, full = false }) =>
    (['plain', 'shared'] as const).map(
      (counts): Case => ({
        ...{
          name: `${setting.name}, ${pages} pages${counts === 'plain' ? '' : ', atomic loads and CAS'}`,
          group: 'pin',
        },
        ...{ unit: 'page', pages, full },
        prepare: (yardsticks) => prepare(setting, pages, counts, yardsticks),
      }),
    ),
  ),
);

function prepare(setting: Setting, pages: number, counts: 'plain' | 'shared', { c }: Yardsticks): Prepared {
  const { arch, top, form } = setting;
  const space = buildSpace({ arch, top, pages: Math.max(pages, 2 ** 16) });
  const shared = counts === 'shared';
  const walker = compile(arch, { form, ...(shared && { loads: 'atomic', counts: 'cas' }) }).walker(space.mm);
  const ranges = rangesOf(space, pages);
  const request = { write: true, counts: space.counts, frames: space.frames };
  const inC = c && (shared ? c[`${setting.pin}Cas`] : c[setting.pin]);
  const limit = Number(arch.spec.root.tops[top]?.limit ?? 0n);
  const bytes = new Uint8Array(space.wasm.buffer);

  const candidates: Candidate[] = [
    ...(inC
      ? [
          {
            name: 'native C',
            run(n: number) {
              const { at, each } = ranges.group(n);
              const { counts: held, frames, addrs, mm } = space;
              return inC(
                ...([bytes, Number(mm.pgd), addrs.byteOffset + 8 * at, each, pages * PAGE, 1] as const),
                ...([held.words.byteOffset, held.first, frames.byteOffset, limit] as const),
              );
            },
          },
        ]
      : []),
    {
      name: 'wasm',
      run(n) {
        const { at, each } = ranges.group(n);
        let taken = 0;
        for (let k = at; k < at + each; k++)
          taken += walker.pinRange(ranges.starts[k] as Vaddr, ranges.ends[k] as Vaddr, request).pages;
        return taken;
      },
    },
  ];
  const told = candidates.map(({ run }) => {
    space.counts.words.fill(1);
    const taken = run(0);
    const words = space.counts.words.slice();
    space.counts.words.fill(1);
    return { taken, words };
  });
  for (const { taken, words } of told) {
    if (taken !== ranges.group(0).each * pages) throw new Error(`${taken} pages of ${ranges.group(0).each * pages}`);
    agree('counts', words, told[0]?.words ?? words);
  }
  return { candidates };
}

/** Ranges of so many pages, anywhere in the space, in groups that are walked in one sample. */
function rangesOf({ start, pages: all, addrs }: Space, pages: number) {
  const count = Math.max(1, Math.min(4096, Math.floor(2 ** 20 / pages)));
  const each = Math.max(1, Math.min(256, Math.floor(count / 16)));
  const groups = Math.floor(count / each);
  const room = all - pages + 1;
  const starts = Array.from({ length: count }, (_, n) =>
    vaddr(start + BigInt((Math.imul(n, 0x9e3779b1) >>> 0) % room) * BigInt(PAGE)),
  );
  addrs.set(starts);
  return {
    starts,
    ends: starts.map((at) => vaddrWrap(at + BigInt(pages) * BigInt(PAGE))),
    group: (n: number) => ({ at: (n % groups) * each, each }),
  };
}
