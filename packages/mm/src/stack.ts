/** expand_stack: a mapping that grows down to the page that was touched. */
import { type Vaddr, vaddr } from '@kernel-mm/pgtable-core';
import type { Mapped } from './mapping.ts';
import { endOf } from './walkers/port.ts';

/** stack_guard_gap: so many pages lie between a stack and what is mapped below it. */
const STACK_GAP = 256n;
/** RLIMIT_STACK, as it usually is: 8 MiB. */
const STACK_LIMIT = 8n << 20n;

/** A stack that begins at the page of `addr`; `undefined` where it is none, would be too large, or too near the one below. */
export function grownTo(addr: Vaddr, pageSize: bigint, stack: Mapped, below: Mapped | undefined): Mapped | undefined {
  const start = addr & -pageSize;
  const free = !below || below.growsDown || start - endOf(below) >= STACK_GAP * pageSize;
  if (!stack.growsDown || !free || endOf(stack) - start > STACK_LIMIT) return undefined;
  return { ...stack, start: vaddr(start), offset: stack.offset - Number((stack.start - start) / pageSize) };
}
