/** Addresses above user space that kernels walk all the same: the page of another address, by both engines. */
import { arm64, riscv, sparc64 } from '@kernel-mm/arch-generic';
import { countRange, getUserPagesFast, quietPort } from '@kernel-mm/gup-fast';
import { type Arch, bumpAllocator, createMm, flatMemory, map, paddr, vaddr } from '@kernel-mm/pgtable-core';
import { compile, wasmMemory } from '@kernel-mm/pgtable-wasm';

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

// #region ask
/** Maps the second page of user space to frame 0x80, and asks gup_fast for the page `above` it. */
function ask(name: string, arch: Arch, above: bigint): void {
  const size = arch.geometry.pte.size;
  const tables = bumpAllocator(paddr(0x1_0000n), paddr(0x10_0000n));
  const mm = createMm(arch, flatMemory(wasmMemory({ bytes: 2 ** 20 })), tables)!;
  const prot = { read: true, write: true, exec: false, user: true };
  map(mm, tables, { addr: vaddr(size), paddr: paddr(0x80n * size), size, prot });

  const addr = vaddr(above + size);
  const { ret, error, frames } = getUserPagesFast({ mm, port: quietPort(mm) }, addr, 1);
  const { pages } = countRange(mm, addr, vaddr(addr + size), { engine: compile(arch) });
  const answer = error ?? (ret ? `frame ${frames.map(hex)}, the page of ${hex(size)}` : 'no page');
  console.log(`${name}, ${hex(addr)}: ${answer}; the compiled walk counts ${pages}`);
}
// #endregion ask

// #region riscv
for (const linux of ['6.9', '6.12', '6.12.36', '6.15', '6.16'] as const)
  ask(`riscv Sv39, v${linux}`, riscv({ mode: 'sv39', linux }), 1n << 39n);
// #endregion riscv

// #region arm64
for (const lpa2 of [true, false])
  ask(`arm64 built for 52 bits, ${lpa2 ? '' : 'no '}LPA2`, arm64({ granule: '4k', va: 52, lpa2 }), 1n << 48n);
// #endregion arm64

// #region sparc64
ask('sparc64', sparc64({ cpu: 'sun4v' }), 1n << 53n);
// #endregion sparc64
