import { x86 } from '@kernel-mm/arch-generic';
import { compile } from '@kernel-mm/pgtable-wasm';
import { vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import { buildSpace } from './src/space.ts';
import { measureRounds } from './src/rounds.ts';
const arch = x86({ paging: '4-level' });
const space = buildSpace({ arch, top: 'pgd', pages: 4096 });
const e = compile(arch);
const w = e.walker(space.mm) as any;
const K = 4096, N = 1;
const starts: any[] = []; for (let i = 0; i < K; i++) starts.push(vaddr(space.start + BigInt((i * 2654435761 >>> 0) % 4096) * 4096n));
const ends = starts.map((s) => vaddrWrap(s + BigInt(N) * 4096n));
const sB = new BigUint64Array(starts), eB = new BigUint64Array(ends);
const ex = w.exports;
const req = { write: true, counts: space.counts, frames: space.frames };
const words = space.counts.words, frames = space.frames, first = space.counts.first;
const fo = frames.byteOffset, wo = words.byteOffset;
for (const t of measureRounds([
  { name: 'raw const offsets', run: (n) => { const g = (n & 15) * 256; let u = 0; for (let i = 0; i < 256; i++) u += ex.pinRange(starts[g + i], ends[g + i], 1000, 1, wo, first, 4096, fo); return u; } },
  { name: 'raw typed', run: (n) => { const g = (n & 15) * 256; let u = 0; for (let i = 0; i < 256; i++) u += ex.pinRange(sB[g + i], eB[g + i], 1000, 1, wo, first, 4096, fo); return u; } },
  { name: 'raw byteOffset', run: (n) => { const g = (n & 15) * 256; let u = 0; for (let i = 0; i < 256; i++) u += ex.pinRange(starts[g + i], ends[g + i], frames.length, 1, words.byteOffset, first, words.length, frames.byteOffset); return u; } },
  { name: 'method', run: (n) => { const g = (n & 15) * 256; let u = 0; for (let i = 0; i < 256; i++) u += w.pinRange(starts[g + i], ends[g + i], req).pages; return u; } },
], { rounds: 32, sampleMs: 1, warmMs: 100 })) console.log(t.name.padEnd(20), t.quiet.toFixed(1), t.ns.toFixed(1), t.ratio.toFixed(2));
