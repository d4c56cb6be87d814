/** A port with pages of the test's making: it counts what is taken and given back, and can change anything at any moment. */
import type { Entry, Mm, Pfn, Slot } from '@kernel-mm/pgtable-core';
import { type Got, type GupPort, memoryPort, type Page, type Weight } from '../../src/index.ts';

/** A page of anonymous memory, exclusive, in the normal zone. */
export const anonPage = (pfn: number, change: Partial<Page> = {}): Page => ({
  ...{ head: pfn as Pfn, order: 0, mapping: 'anon', anonExclusive: true, zone: 'normal' },
  ...{ hugetlb: false, slab: false, zero: false },
  ...change,
});

export interface FakePort extends GupPort {
  /** References and pins that are held, by head; heads that hold nothing are left out. */
  readonly held: Map<number, Weight>;
  readonly pinned: { acquired: number; released: number };
  readonly pgmaps: Map<number, number>;
  readonly referenced: Set<number>;
  /** The calls in order, by name, for protocol tests. */
  readonly log: string[];
  /** Whether interrupts are off. */
  irqsOff: boolean;
  hasPinned: boolean;
}

export interface FakeOptions {
  /** The struct page of a frame. */
  page?: (pfn: Pfn) => Page | undefined;
  tryGet?: (head: Pfn, refs: number) => Got;
  add?: (head: Pfn) => void;
  getPgmap?: (pfn: Pfn) => boolean;
  makeAccessible?: (pfn: Pfn) => boolean;
  keyAllows?: (key: number, write: boolean) => boolean;
  seqBegin?: () => number;
  seqRetry?: (seq: number) => boolean;
  /** What the n-th read of a slot gives instead (n from 1). */
  reread?: (slot: Slot, n: number, entry: Entry | undefined) => bigint | undefined;
}

const key = ({ space, addr, level }: Slot): string => `${level} ${space} ${addr}`;

export function fakePort(mm: Mm, options: FakeOptions = {}): FakePort {
  const { page = (pfn) => anonPage(pfn), reread } = options;
  const memory = memoryPort(mm);
  const reads = new Map<string, number>();
  const change = (map: Map<number, Weight>, head: number, refs: number, pins: number): void => {
    const now = map.get(head) ?? { refs: 0, pins: 0 };
    const next = { refs: now.refs + refs, pins: now.pins + pins };
    if (next.refs === 0 && next.pins === 0) map.delete(head);
    else map.set(head, next);
  };
  const port: FakePort = {
    ...{ held: new Map(), pinned: { acquired: 0, released: 0 }, pgmaps: new Map(), referenced: new Set(), log: [] },
    ...{ irqsOff: false, hasPinned: false },
    stack: memory.stack,
    readOnce(slot) {
      if (!port.irqsOff) port.log.push('read with interrupts on');
      const n = (reads.get(key(slot)) ?? 0) + 1;
      reads.set(key(slot), n);
      const entry = memory.readOnce(slot);
      return (reread ? reread(slot, n, entry) : entry) as typeof entry;
    },
    page,
    tryGet(head, refs) {
      const got = options.tryGet?.(head, refs) ?? 'got';
      if (got === 'got') change(port.held, head, refs, 0);
      return got;
    },
    add(head, { refs, pins }) {
      options.add?.(head);
      change(port.held, head, refs, pins);
    },
    put: (head, { refs, pins }) => change(port.held, head, -refs, -pins),
    count: (event, pins) => {
      port.pinned[event] += pins;
    },
    getPgmap(pfn) {
      if (options.getPgmap && !options.getPgmap(pfn)) return false;
      port.pgmaps.set(pfn, (port.pgmaps.get(pfn) ?? 0) + 1);
      return true;
    },
    putPgmap: (pfn) => {
      port.pgmaps.set(pfn, (port.pgmaps.get(pfn) ?? 0) - 1);
    },
    makeAccessible: (pfn) => options.makeAccessible?.(pfn) ?? true,
    markReferenced: (pfn) => {
      port.referenced.add(pfn);
    },
    clearReferenced: (pfn) => {
      port.referenced.delete(pfn);
    },
    irqSave: () => {
      port.irqsOff = true;
      port.log.push('irqSave');
    },
    irqRestore: () => {
      port.irqsOff = false;
      port.log.push('irqRestore');
    },
    seqBegin: () => {
      port.log.push('seqBegin');
      return options.seqBegin?.() ?? 0;
    },
    seqRetry: (seq) => {
      port.log.push('seqRetry');
      return options.seqRetry?.(seq) ?? false;
    },
    setHasPinned: () => {
      port.hasPinned = true;
    },
    keyAllows: (k, write) => options.keyAllows?.(k, write) ?? true,
  };
  return port;
}
