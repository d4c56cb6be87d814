/** An address space: mappings, the tables that stand for them, and the faults that fill those. It serves gup's slow path. */
import type { FaultAnswer, FaultHandler, FaultRequest, Gup, GupPort } from '@kernel-mm/gup-fast';
import {
  createMm,
  type Mm,
  type Pfn,
  type StackArea,
  type TableAllocator,
  topLevel,
  UsageError,
  type Vaddr,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { copyMappings, unmapRegion } from './calls.ts';
import { handleFault } from './fault.ts';
import type { Folio } from './folio.ts';
import { gupPort } from './gup-port.ts';
import { type Mapped, type MmapRequest, mappedOf } from './mapping.ts';
import { migrate } from './migrate.ts';
import { Owner, type SpaceUsage } from './owner.ts';
import type { Pages } from './pages.ts';
import type { AddressSpaceOptions, Space } from './space.ts';
import { grownTo } from './stack.ts';
import { changeProtection } from './walkers/mprotect.ts';
import { endOf, type WalkerOf } from './walkers/port.ts';
import type { Zapped } from './walkers/zap.ts';

/** One process's memory. */
export class AddressSpace implements FaultHandler, Space {
  readonly mm: Mm;
  readonly pages: Pages;
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
  readonly #owner: Owner;
  #vmas: Mapped[] = [];

  /**
   * @param mm its empty tables, where fork has made them already
   * @throws UsageError if there is no memory for the top table, or for the zero page
   */
  constructor(
    { arch, memory, tables, pages, top, zeroPage }: AddressSpaceOptions,
    mm: Mm | undefined = createMm(arch, memory, tables, top),
  ) {
    if (!mm) throw new UsageError('argument', 'tables', 'memory for a top table');
    const zero = zeroPage ?? pages.alloc({ zero: true, mapping: 'none' });
    if (!zero) throw new UsageError('argument', 'pages', 'a frame for the zero page');
    this.mm = mm;
    this.pages = pages;
    this.zeroPage = zero;
    this.#owner = new Owner(mm, tables, pages);
  }

  /**
   * What walkers of this space's tables work on. Its port is the only one that the tables have: it counts references,
   * pages, tables and flushes, for the space's own calls as for any other walker.
   */
  walker(): WalkerOf {
    return this.#owner;
  }

  /** Where its tables come from, and go back to. */
  get tables(): TableAllocator {
    return this.#owner.tables;
  }

  /** What its tables hold: pages and swap entries that are mapped, tables by level, and how often it was flushed. */
  get usage(): SpaceUsage {
    return this.#owner.usage();
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

  /**
   * Unmaps a whole mapping: lets go of its pages, and of the tables that no neighbour uses.
   * @returns where the tables led outside memory, if they did: what lies behind that is still mapped
   * @throws UsageError for one that is not in `vmas` as it is
   */
  munmap(vma: Mapped): Zapped {
    const n = this.#indexOf(vma);
    const [before, after] = [this.#vmas[n - 1], this.#vmas[n + 1]];
    this.#vmas = this.#vmas.toSpliced(n, 1);
    return unmapRegion(this.#owner, vma, before, after);
  }

  /** mprotect of a whole mapping: other rights for it, and for what is there; pages that fork shares stay read-only. Throws as `munmap`. */
  protect(vma: Mapped, prot: { readonly read: boolean; readonly write: boolean }): Mapped {
    const n = this.#indexOf(vma);
    const changed: Mapped = { ...vma, ...prot, prot: { ...vma.prot, ...prot, exec: prot.read && vma.prot.exec } };
    this.#vmas = this.#vmas.with(n, changed);
    // What may be written again becomes so by a fault.
    changeProtection(this.#owner, vma, { ...changed.prot, write: false }, { era: 'v6.12' });
    return changed;
  }

  /**
   * fork: a child that has all that is mapped here. What both might write neither may, until a fault copies it.
   * @returns `undefined`, and nothing is left of the child, where there is no memory for its tables
   */
  fork(): AddressSpace | undefined {
    const { arch, memory } = this.mm;
    const { pages, tables, zeroPage } = this;
    const mm = createMm(arch, memory, tables, topLevel(this.mm));
    if (!mm) return undefined;
    const child = new AddressSpace({ arch, memory, tables, pages, zeroPage }, mm);
    this.writeProtectSeq++;
    const isDone = copyMappings(this.#owner, child.#owner, this.#vmas);
    this.writeProtectSeq++;
    child.#vmas = this.#vmas;
    if (isDone) return child;
    for (const vma of child.vmas) child.munmap(vma);
    tables.free?.(mm.pgd);
    return undefined;
  }

  /** The mapping that covers `addr`. A stack below which it lies grows if `grow` allows: up to 8 MiB, and never near another mapping. */
  vma(addr: Vaddr, grow = false): Mapped | undefined {
    const n = this.#vmas.findIndex((vma) => addr < endOf(vma));
    const above = this.#vmas[n];
    if (!above || above.start <= addr || !grow) return above && above.start <= addr ? above : undefined;
    const grown = grownTo(addr, this.mm.arch.geometry.pte.size, above, this.#vmas[n - 1]);
    if (grown) this.#vmas = this.#vmas.with(n, grown);
    return grown;
  }

  #indexOf(vma: Mapped): number {
    const n = this.#vmas.indexOf(vma);
    if (n < 0) throw new UsageError('argument', 'vma', 'a mapping of this space, as `vmas` has it now');
    return n;
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
    return gupPort(this, this.#owner, stack);
  }

  /** What the calls of gup-fast want: this space with its slow path. */
  gup(options: Partial<Omit<Gup, 'mm'>> = {}): Gup {
    return { mm: this.mm, port: this.port(), faults: this, ...options };
  }
}
