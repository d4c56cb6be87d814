/** What a compiled module is told of the address space that it walks. */
import { LEVELS, type Mm, topOfRoot, UsageError, wrap64 } from '@kernel-mm/pgtable-core';
import type { Choice } from './options.ts';
import { directoryOf } from './place.ts';
import type { WasmMemory, WasmModule } from './platform.ts';

/** What a walker is made of. */
export interface WalkerParts {
  readonly mm: Mm;
  readonly wasm: WasmMemory;
  readonly choice: Choice;
  readonly module: WasmModule;
  readonly onRead: ((at: bigint) => void) | undefined;
}

/** What a module is told of an address space. */
export function constantsOf(parts: WalkerParts): Record<string, unknown> {
  const { mm, wasm, choice, onRead } = parts;
  const { arch, memory, root, pgd, upper } = mm;
  const largest = Math.max(...LEVELS.map((level) => arch.geometry[level].tableBytes));
  checkAligned(parts);
  if (pgd + BigInt(largest) > 1n << 64n) throw new UsageError('engine', 'mm.pgd', 'a top table that ends below 2^64');
  const directory = choice.layout.kind === 'sparse' ? directoryOf(memory, wasm) : undefined;
  const offsets = Math.max((memory.pieces[0]?.length ?? 0) - arch.entryBytes + 1, 0);
  const named = topOfRoot(mm);
  return {
    memory: wasm,
    pgd: BigInt.asIntN(64, pgd),
    root: BigInt.asIntN(64, root ?? 0n),
    half: upper ? -1n : 0n,
    room: BigInt(directory?.entries ?? offsets),
    directory: (directory?.at ?? 0) | 0,
    named: root === undefined ? -1 : named === undefined ? -2 : LEVELS.indexOf(named),
    ...(onRead && { onRead: (at: bigint) => onRead(wrap64(at)) }),
  };
}

/** Refuses what would make an atomic load unaligned, and what a frame of sparse memory could not hold. */
function checkAligned({ mm, choice }: WalkerParts): void {
  if (choice.loads === 'plain' && choice.layout.kind === 'flat') return;
  const bytes = mm.arch.entryBytes;
  if (mm.pgd % BigInt(bytes)) throw new UsageError('memory-layout', 'mm.pgd', `alignment to ${bytes} bytes`);
  for (const { at, offset } of mm.memory.pieces)
    if (at % BigInt(bytes) || offset % bytes)
      throw new UsageError('memory-layout', `piece at 0x${at.toString(16)}`, `alignment to ${bytes} bytes`);
}
