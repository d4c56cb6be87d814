/** One load and one store of any memory, also one that lies: what it answers is a word of that width, or a UsageError. */
import type { Paddr } from './brand.ts';
import { ArchError, kindOf, UsageError } from './errors.ts';
import type { EntryBytes, Memory } from './memory.ts';

/** The word at `at`; `undefined` outside memory. @throws {@link UsageError} `argument` where the memory answers no word */
export function load(memory: Memory, at: Paddr, bytes: EntryBytes, order: 'little' | 'big'): bigint | undefined {
  const value = asked('read', () => memory.read(at, bytes, order));
  if (value === undefined || (typeof value === 'bigint' && value >= 0n && value <= MOST[bytes])) return value;
  const said = typeof value === 'bigint' ? 'another bigint' : kindOf(value);
  throw new UsageError('argument', 'memory.read', `a word of ${bytes} bytes or undefined, not ${said}`);
}

/** Whether the word is stored. @throws {@link UsageError} `argument` where the memory answers neither yes nor no */
export function store(memory: Memory, at: Paddr, bytes: EntryBytes, order: 'little' | 'big', value: bigint): boolean {
  const done = asked('write', () => memory.write(at, bytes, order, value));
  if (typeof done === 'boolean') return done;
  throw new UsageError('argument', 'memory.write', `true or false, not ${kindOf(done)}`);
}

const MOST = { 1: 0xffn, 2: 0xffffn, 4: 0xffff_ffffn, 8: 0xffff_ffff_ffff_ffffn } as const;

/** What the memory throws is the cause of a typed error; typed errors go through as they are. */
function asked<T>(what: 'read' | 'write', call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (cause instanceof UsageError || cause instanceof ArchError) throw cause;
    const error = new UsageError('argument', `memory.${what}`, 'a function that does not throw');
    error.cause = cause;
    throw error;
  }
}
