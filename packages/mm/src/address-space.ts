/** An address space: mappings, the tables that stand for them, and the faults that fill those. It serves gup's slow path. */
import {
  type FaultAnswer,
  type FaultHandler,
  type FaultRequest,
  type Gup,
  type GupPort,
  memoryPort,
} from '@kernel-mm/gup-fast';
import {
  type Arch,
  createMm,
  type Level,
  type Memory,
  type Mm,
  type Pfn,
  type StackArea,
  type TableAllocator,
  UsageError,
  type Vaddr,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { handleFault } from './fault.ts';
import type { Folio } from './folio.ts';
import { LeafTable } from './leaf-table.ts';
import { endOf, type Mapped, type MmapRequest, mappedOf } from './mapping.ts';
import { migrate } from './migrate.ts';
import type { Pages } from './pages.ts';
import type { Space } from './space.ts';

/** What an address space is made of. */
export interface AddressSpaceOptions {
  readonly arch: Arch;
  /** Where its tables are, and who gives memory for them. */
  readonly memory: Memory;
  readonly tables: TableAllocator;
  readonly pages: Pages;
  /** The level of the top table, where folding is per process. */
  readonly top?: Level;
  /** The zero page; one of its own unless said otherwise. */
  readonly zeroPage?: Folio;
}

/** stack_guard_gap: so many pages lie between a stack and what is mapped below it. */
const STACK_GAP = 256n;
/** RLIMIT_STACK, as it usually is: 8 MiB. */
const STACK_LIMIT = 8n << 20n;

/** One process's memory. */
export class AddressSpace implements FaultHandler, Space {
  readonly mm: Mm;
  readonly pages: Pages;
  readonly tables: TableAllocator;
  readonly leaves: LeafTable;
  readonly zeroPage: Folio;
  /** write_protect_seq; odd while fork copies. */
  writeProtectSeq = 0;
  /** Sticky: something of this process was pinned once. */
  hasPinned = false;
  /** Whether a fatal signal waits. */
  killed = false;
  /** How many faults may still be served: then memory is gone. */
  faultsLeft: number = Number.POSITIVE_INFINITY;
  /** The faults that were asked for. */
  readonly faults: { readonly addr: Vaddr; readonly request: FaultRequest }[] = [];
  #vmas: Mapped[] = [];

  /** @throws UsageError if there is no memory for the top table, or for the zero page */
  constructor({ arch, memory, tables, pages, top = 'pgd', zeroPage }: AddressSpaceOptions) {
    const mm = createMm(arch, memory, tables, top);
    if (!mm) throw new UsageError('argument', 'tables', 'memory for a top table');
    const zero = zeroPage ?? pages.alloc({ zero: true, mapping: 'none' });
    if (!zero) throw new UsageError('argument', 'pages', 'a frame for the zero page');
    this.mm = mm;
    this.pages = pages;
    this.tables = tables;
    this.leaves = new LeafTable(mm, tables, pages);
    this.zeroPage = zero;
  }

  /** The mappings, in order. */
  get vmas(): readonly Mapped[] {
    return this.#vmas;
  }

  /** Maps; nothing is filled in before a fault asks for it. @throws UsageError for ranges, or where something is mapped already */
  mmap(request: MmapRequest): Mapped {
    const made = mappedOf(this.mm, request);
    if (this.#vmas.some((vma) => vma.start < endOf(made) && made.start < endOf(vma)))
      throw new UsageError('argument', 'addr', 'addresses where nothing is mapped');
    this.#vmas = [...this.#vmas, made].sort((a, b) => (a.start < b.start ? -1 : 1));
    return made;
  }

  /** Unmaps a whole mapping, and lets go of its pages. @throws UsageError for one that is not in `vmas` as it is */
  munmap(vma: Mapped): void {
    this.#checkOwn(vma);
    this.#vmas = this.#vmas.filter((one) => one !== vma);
    for (const addr of this.leaves.mappedIn(vma.start, endOf(vma))) this.leaves.clear(addr);
  }

  /** mprotect of a whole mapping: other rights for it, and for what is there; pages that fork shares stay read-only. Throws as `munmap`. */
  protect(vma: Mapped, prot: { readonly read: boolean; readonly write: boolean }): Mapped {
    this.#checkOwn(vma);
    const changed: Mapped = { ...vma, ...prot, prot: { ...vma.prot, ...prot, exec: prot.read && vma.prot.exec } };
    this.#vmas = this.#vmas.map((one) => (one === vma ? changed : one));
    // What may be written again becomes so by a fault.
    for (const addr of this.leaves.mappedIn(vma.start, endOf(vma)))
      this.leaves.protect(addr, { ...changed.prot, write: false });
    return changed;
  }

  /** The mapping that covers `addr`. A stack below which it lies grows if `grow` allows: up to 8 MiB, and never near another mapping. */
  vma(addr: Vaddr, grow = false): Mapped | undefined {
    const n = this.#vmas.findIndex((vma) => addr < endOf(vma));
    const above = this.#vmas[n];
    if (!above || above.start <= addr) return above;
    const { size } = this.mm.arch.geometry.pte;
    const start = addr & -size;
    const below = this.#vmas[n - 1];
    const free = !below || below.growsDown || start - endOf(below) >= STACK_GAP * size;
    if (!grow || !above.growsDown || !free || endOf(above) - start > STACK_LIMIT) return undefined;
    const offset = above.offset - Number((above.start - start) / size);
    const grown: Mapped = { ...above, start: vaddr(start), offset };
    this.#vmas = this.#vmas.with(n, grown);
    return grown;
  }

  #checkOwn(vma: Mapped): void {
    if (!this.#vmas.includes(vma))
      throw new UsageError('argument', 'vma', 'a mapping of this space, as `vmas` has it now');
  }

  /** handle_mm_fault. */
  fault(addr: Vaddr, request: FaultRequest): FaultAnswer {
    this.faults.push({ addr, request });
    if (this.faultsLeft-- <= 0) return { kind: 'error', error: 'ENOMEM' };
    return handleFault(this, addr, request);
  }

  /** Moves folios to the normal zone; ENOMEM where one is held by others, or no memory is left. */
  migrate(frames: readonly Pfn[]): 'moved' | 'ENOMEM' {
    const folios = new Set(frames.map((pfn) => this.pages.folio(pfn)?.head ?? pfn));
    return [...folios].every((head) => migrate(this, head)) ? 'moved' : 'ENOMEM';
  }

  /** Whether the task is dying. */
  fatalSignal(): boolean {
    return this.killed;
  }

  /** Touches every page of [addr, addr + size) as the process itself would. @throws UsageError where a touch would be refused */
  touch(addr: Vaddr, size: bigint, write = false): void {
    const page = this.mm.arch.geometry.pte.size;
    for (let at = addr & -page; at < addr + size; at += page) {
      const answer = this.fault(vaddr(at), { write, unshare: false, force: false });
      if (answer.kind === 'error')
        throw new UsageError('argument', 'addr', `pages that can be touched: ${answer.error}`);
    }
  }

  /** The frame that `addr` is mapped to. */
  frame(addr: Vaddr): Pfn | undefined {
    const { result } = walk(this.mm, addr);
    return result.kind === 'leaf' ? (Number(result.paddr >> BigInt(this.mm.arch.spec.pageShift)) as Pfn) : undefined;
  }

  /** The port through which walkers touch this address space and its pages. */
  port(stack?: StackArea): GupPort {
    const { pages } = this;
    return {
      ...memoryPort(this.mm, stack),
      page: (pfn) => pages.page(pfn),
      tryGet: (head, refs) => pages.tryGet(head, refs),
      add: (head, weight) => pages.add(head, weight),
      put: (head, weight) => pages.put(head, weight),
      count: (event, pins) => pages.count(event, pins),
      getPgmap: (pfn) => pages.getPgmap(pfn),
      putPgmap: (pfn) => pages.putPgmap(pfn),
      makeAccessible: (pfn) => pages.makeAccessible(pfn),
      markReferenced: (pfn) => pages.markReferenced(pfn),
      clearReferenced: (pfn) => pages.clearReferenced(pfn),
      irqSave: () => undefined,
      irqRestore: () => undefined,
      seqBegin: () => this.writeProtectSeq,
      seqRetry: (seq) => seq !== this.writeProtectSeq,
      setHasPinned: () => {
        this.hasPinned = true;
      },
      keyAllows: () => true,
    };
  }

  /** What the calls of gup-fast want: this space with its slow path. */
  gup(options: Partial<Omit<Gup, 'mm'>> = {}): Gup {
    return { mm: this.mm, port: this.port(), faults: this, ...options };
  }
}
