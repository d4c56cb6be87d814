/** Real loads and stores of the guest's CPU against the MMU's reading of the memory as it was dumped. */
import { type Access, type Translation, translate } from '@kernel-mm/pgtable-core';
import type { Fact, Guest, GuestProcess, Signal, Touch } from '@kernel-mm/pgtable-core/guest';
import type { Space } from '../guest-mm.ts';
import type { Findings } from './findings.ts';
import { toldOf } from './signals.ts';
import { hex, tellAnswer, tellWalk } from './tell.ts';

/** The access took place without a page fault. */
const wentThrough = ({ faults, signal }: Touch): boolean => faults === 0 && !signal;

/**
 * Compares what became of the test program's accesses. First every page was loaded from: that is the memory as it was
 * dumped, so a load went through exactly if a read is allowed. Then every page was loaded from and stored to, with the
 * entries as the first round had left them:
 *
 * - It faulted, or was refused: a write faults in the dump too. For if a write is allowed there, so is a read; then the
 *   first load left the entry alone, and nothing could have faulted now.
 * - It went through, and the first load had too: the entry is the dump's, and a write is allowed.
 * - It went through, and the first load had faulted: that fault may have made the page writable. Nothing follows.
 */
export function checkTouches(found: Findings, guest: Guest, process: GuestProcess, space: Space): void {
  for (const fact of process.facts) {
    const { addr } = fact;
    const asked = {
      ...{ found, arch: guest.arch, name: `${process.name} ${hex(addr)}` },
      answer: (access: Access): Answered => {
        const query = { root: space.rootOf(addr), addr, access };
        const got = translate(space.machine, guest.memory, query);
        return { got, walk: () => tellWalk(space.machine, guest.memory, query) };
      },
    };
    if (fact.read) checkRead(asked, fact.read);
    if (fact.write) checkWrite(asked, fact, fact.write);
  }
}

interface Asked {
  readonly found: Findings;
  readonly arch: string;
  readonly name: string;
  readonly answer: (access: Access) => Answered;
}
interface Answered {
  readonly got: Translation;
  readonly walk: () => string;
}

function checkRead(asked: Asked, read: Touch): void {
  compare(asked, 'touch_r', wentThrough(read), 'read');
  if (read.signal) checkSignal(asked, read.signal, 'read');
}

function checkWrite(asked: Asked, { read }: Fact, write: Touch): void {
  const untouched = read && wentThrough(read);
  if (wentThrough(write) && !untouched) asked.found.leave('a store went through where the load before it had faulted');
  else compare(asked, 'touch_w', wentThrough(write), 'write');
  // What was refused is the load, where that is not allowed; else the store.
  if (!write.signal) return;
  if (read?.signal) checkSignal(asked, write.signal, 'read');
  else if (untouched) checkSignal(asked, write.signal, 'write');
  else asked.found.leave('a store was refused where the load before it had changed the entry: its code speaks of that');
}

function compare({ found, name, answer }: Asked, kind: string, allowed: boolean, access: Access): void {
  const { got, walk } = answer(access);
  const expected = allowed ? 'allowed' : 'a fault';
  found.compare(kind, (got.kind === 'address') === allowed, () => ({
    ...{ name, expected, got: tellAnswer(got), walk: walk() },
  }));
}

/** The code of the fault; where our MMU raises none, the touch itself has failed already. */
function checkSignal({ found, arch, name, answer }: Asked, signal: Signal, access: Access): void {
  const { got, walk } = answer(access);
  if (got.kind === 'address') return;
  const codes = toldOf(arch, signal, got, access);
  if ('untold' in codes) found.leave(codes.untold);
  else
    found.compare('fault code', codes.said === codes.got, () => ({
      ...{ name, expected: codes.said, got: codes.got, walk: walk() },
    }));
}
