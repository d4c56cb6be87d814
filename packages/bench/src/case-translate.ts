/** Translations: lists of addresses, random and in order, over working sets from what a cache holds to what it does not. */
import { type Vaddr, walk } from '@kernel-mm/pgtable-core';
import { compile } from '@kernel-mm/pgtable-wasm';
import { agree, type Case, type Prepared } from './case.ts';
import type { NativeTranslate, Yardsticks } from './native.ts';
import type { Candidate } from './rounds.ts';
import { SETTINGS, type Setting } from './settings.ts';
import { buildSpace, LIST, type Space } from './space.ts';

const SLICES = 16;
const SLICE = LIST / SLICES;
const PAGE = 4096;

/** A working set in MiB, and whether the addresses come in order. */
interface Work {
  readonly mib: number;
  readonly order: 'random' | 'sequential';
  readonly full?: boolean;
}

const WORKS: readonly Work[] = [
  { mib: 1, order: 'random', full: true },
  { mib: 16, order: 'random' },
  { mib: 16, order: 'sequential' },
  { mib: 256, order: 'random', full: true },
  { mib: 4096, order: 'random' },
  { mib: 65_536, order: 'random', full: true },
];

/** All of them. */
export const translateCases: readonly Case[] = SETTINGS.flatMap((setting) =>
  WORKS.flatMap(({ mib, order, full = false }): Case[] => {
    const size = mib < 1024 ? `${mib} MiB` : `${mib / 1024} GiB`;
    const of = (name: string, fixed: boolean): Case => ({
      ...{ name: `${setting.name}, ${order}, ${size}${name}`, group: 'translate', unit: 'translation', full },
      prepare: (yardsticks) => prepare(setting, mib, order, fixed, yardsticks),
    });
    return setting.fixed ? [of('', false), of(', levels fixed', true)] : [of('', false)];
  }),
);

function prepare(
  setting: Setting,
  mib: number,
  order: Work['order'],
  fixed: boolean,
  { c, addrxlat }: Yardsticks,
): Prepared {
  const { arch, top } = setting;
  const space = buildSpace({ arch, top, pages: mib * (2 ** 20 / PAGE) });
  fillAddrs(space, order);
  const options = fixed ? { top } : {};
  const walker = compile(arch, options).walker(space.mm);
  const atomic = compile(arch, { ...options, loads: 'atomic' }).walker(space.mm);
  const slices = Array.from({ length: SLICES }, (_, n) => ({
    addrs: space.addrs.subarray(n * SLICE, (n + 1) * SLICE),
    out: space.paddrs.subarray(n * SLICE, (n + 1) * SLICE),
    list: [...space.addrs.subarray(n * SLICE, (n + 1) * SLICE)] as Vaddr[],
  }));
  type Slice = (typeof slices)[number];
  const slice = (n: number): Slice => slices[n % SLICES] as Slice;
  const bytes = new Uint8Array(space.wasm.buffer);
  const native = (f: NativeTranslate): Candidate['run'] => {
    const pgd = Number(space.mm.pgd);
    return (n) => {
      const { addrs, out } = slice(n);
      return f(bytes, pgd, addrs.byteOffset, out.byteOffset, SLICE);
    };
  };
  const inC = c && (fixed && setting.fixed ? c[setting.fixed] : c[setting.translate]);

  const candidates: Candidate[] = [
    ...(inC ? [{ name: 'native C', run: native(inC) }] : []),
    { name: 'wasm, list', run: (n) => walker.translateMany(slice(n).addrs, slice(n).out) },
    { name: 'wasm, list, atomic', run: (n) => atomic.translateMany(slice(n).addrs, slice(n).out) },
    {
      name: 'wasm, bigint to bigint',
      run(n) {
        let found = 0;
        for (const addr of slice(n).list) if (walker.translate(addr) !== undefined) found++;
        return found;
      },
    },
    ...(addrxlat && setting.name === 'x86-64' ? [{ name: 'libaddrxlat', run: native(addrxlat) }] : []),
    ...(mib === 16
      ? [
          {
            name: 'reference',
            run(n: number) {
              const list = slice(n).list.slice(0, 64);
              return list.filter((addr) => walk(space.mm, addr).result.kind === 'leaf').length;
            },
          },
        ]
      : []),
  ];
  checkAll(space, candidates, walker.translate.bind(walker));
  return { candidates };
}

/** Numbers that repeat from run to run: a linear congruence modulo 2^32. */
function dice(): (n: number) => number {
  let state = 1;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

function fillAddrs({ addrs, start, pages }: Space, order: Work['order']): void {
  const throwDice = dice();
  for (let n = 0; n < LIST; n++) {
    const page = order === 'random' ? throwDice(pages) : n % pages;
    addrs[n] = start + BigInt(page * PAGE + (n % PAGE));
  }
}

/** Every candidate translates every address, and those that write a list write the same. */
function checkAll(
  space: Space,
  candidates: readonly Candidate[],
  translate: (addr: Vaddr) => bigint | undefined,
): void {
  const wanted = BigUint64Array.from(space.addrs, (addr) => translate(addr as Vaddr) ?? 0n);
  for (const { name, run } of candidates) {
    if (name === 'reference') {
      for (const addr of space.addrs.subarray(0, 64)) {
        const { result } = walk(space.mm, addr as Vaddr);
        agree(name, [result.kind === 'leaf' ? result.paddr : 0n], [translate(addr as Vaddr) ?? 0n]);
      }
      continue;
    }
    space.paddrs.fill(0n);
    for (let n = 0; n < SLICES; n++) if (run(n) !== SLICE) throw new Error(`${name}: an address has no page`);
    if (!name.includes('bigint')) agree(name, space.paddrs, wanted);
  }
}
