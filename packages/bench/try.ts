import { createRequire } from 'node:module';
import { x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import { vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import { compile } from '@kernel-mm/pgtable-wasm';
import { type Candidate, measureRounds } from './src/rounds.ts';
import { buildSpace, LIST } from './src/space.ts';

const native = createRequire(import.meta.url)('/tmp/walkers.node');
const what = process.argv[2] ?? 'x86';
const mib = Number(process.argv[3] ?? 16);
const arch = what === 'x86' ? x86({ paging: '4-level' }) : s390();
const top = what === 'x86' ? 'pgd' : topOf(Number(what.slice(5)) as any);
const pages = mib * 256;
const t0 = performance.now();
const space = buildSpace({ arch, top, pages });
console.log('built', Math.round(performance.now() - t0), 'ms');
const bytes = new Uint8Array(space.wasm.buffer);
const pgd = Number(space.mm.pgd);
const opts = { rounds: 32, sampleMs: 1, warmMs: 80 };
const report = (title: string, c: Candidate[]) => {
  for (const t of measureRounds(c, opts))
    console.log(
      title.padEnd(24),
      t.name.padEnd(16),
      t.quiet.toFixed(2).padStart(8),
      t.ns.toFixed(2).padStart(8),
      t.ratio.toFixed(2),
    );
};
let seed = 1;
const rnd = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32;
for (let i = 0; i < LIST; i++)
  space.addrs[i] = space.start + BigInt(Math.floor(rnd() * pages)) * 4096n + BigInt(i & 4095);
const SL = LIST / 16;
const e = compile(arch, {});
const ef = what === 'x86' ? undefined : compile(arch, { top });
const w = e.walker(space.mm);
const wf = ef?.walker(space.mm);
const at = compile(arch, {
  loads: 'atomic',
  counts: 'cas',
  form: what === 'x86' ? undefined : { boundary: 'level', descent: 'lockless' },
}).walker(space.mm);
const slices = Array.from(
  { length: 16 },
  (_, k) => [space.addrs.subarray(k * SL, (k + 1) * SL), space.paddrs.subarray(k * SL, (k + 1) * SL)] as const,
);
const nt = what === 'x86' ? native.translateX86 : native.translateS390;
const ntf = native['translateS390Top' + (Number(what.slice(5)) - 2)];
// check
native;
nt(bytes, pgd, space.addrs.byteOffset, space.paddrs.byteOffset, LIST);
const want = space.paddrs.slice();
w.translateMany(space.addrs, space.paddrs);
for (let i = 0; i < LIST; i++) if (want[i] !== space.paddrs[i]) throw new Error('differ ' + i);
report(`translateMany ${mib}M`, [
  { name: 'C', run: (n) => (nt(bytes, pgd, slices[n & 15]![0].byteOffset, slices[n & 15]![1].byteOffset, SL), SL) },
  { name: 'wasm', run: (n) => (w.translateMany(...slices[n & 15]!), SL) },
  { name: 'wasm atomic', run: (n) => (at.translateMany(...slices[n & 15]!), SL) },
]);
if (wf)
  report(`translateMany fixed`, [
    { name: 'C', run: (n) => (ntf(bytes, pgd, slices[n & 15]![0].byteOffset, slices[n & 15]![1].byteOffset, SL), SL) },
    { name: 'wasm', run: (n) => (wf.translateMany(...slices[n & 15]!), SL) },
  ]);
const list = [...space.addrs] as any[];
const some = Array.from({ length: 16 }, (_, k) => list.slice(k * SL, (k + 1) * SL));
report('translate one', [
  { name: 'C', run: (n) => (nt(bytes, pgd, slices[n & 15]![0].byteOffset, slices[n & 15]![1].byteOffset, SL), SL) },
  {
    name: 'wasm',
    run: (n) => {
      const s = some[n & 15]!;
      for (let i = 0; i < SL; i++) w.translate(s[i]);
      return SL;
    },
  },
  ...(wf
    ? [
        {
          name: 'wasm fixed',
          run: (n: number) => {
            const s = some[n & 15]!;
            for (let i = 0; i < SL; i++) wf.translate(s[i]);
            return SL;
          },
        },
      ]
    : []),
]);
const pinForm = what === 'x86' ? undefined : ({ boundary: 'level', descent: 'lockless' } as const);
const p = (what === 'x86' ? e : compile(arch, { form: pinForm })).walker(space.mm);
const np = what === 'x86' ? native.pinX86 : native.pinS390,
  npc = what === 'x86' ? native.pinX86Cas : native.pinS390Cas;
const limit = what === 'x86' ? 0 : Number(arch.spec.root.tops[top]!.limit);
for (const N of [1, 64, 512, 65536, 2 ** 20]) {
  if (N > pages) continue;
  const K = Math.max(1, Math.min(4096, Math.floor(pages / N)));
  const starts: any[] = [];
  for (let i = 0; i < K; i++) starts.push(vaddr(space.start + BigInt(Math.floor(rnd() * (pages - N + 1))) * 4096n));
  const ends = starts.map((s) => vaddrWrap(s + BigInt(N) * 4096n));
  space.addrs.set(starts);
  const req = { write: true, counts: space.counts, frames: space.frames };
  const per = Math.max(1, Math.min((K / 16) | 0, 256));
  const groups = Math.max(1, Math.floor(K / per));
  const js = (w: typeof p) => (n: number) => {
    const g = (n % groups) * per;
    let u = 0;
    for (let i = 0; i < per; i++) u += w.pinRange(starts[g + i], ends[g + i], req).pages;
    if (u !== per * N) throw new Error('short ' + u);
    return u;
  };
  const c = (f: any) => (n: number) => {
    const g = (n % groups) * per;
    const u = f(
      bytes,
      pgd,
      space.addrs.byteOffset + 8 * g,
      per,
      N * 4096,
      1,
      space.counts.words.byteOffset,
      space.counts.first,
      space.frames.byteOffset,
      limit,
    );
    if (u !== per * N) throw new Error('short C ' + u);
    return u;
  };
  space.counts.words.fill(1);
  report(`pin N=${N}`, [
    { name: 'C', run: c(np) },
    { name: 'wasm', run: js(p) },
  ]);
  space.counts.words.fill(1);
  report(`pin N=${N}`, [
    { name: 'C cas', run: c(npc) },
    { name: 'wasm cas', run: js(at) },
  ]);
}
