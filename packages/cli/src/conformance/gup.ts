/** The guest kernel's own gup_fast against ours: the frame that a reader gets without a lock, or none. */
import {
  ERAS,
  ERRNO,
  formatStop,
  type Gup,
  type GupResult,
  getUserPagesFastOnly,
  quietPort,
} from '@kernel-mm/gup-fast';
import { pictureOf, walk } from '@kernel-mm/pgtable-core';
import type { Fact, Guest, GuestProcess } from '@kernel-mm/pgtable-core/guest';
import type { Space } from '../guest-mm.ts';
import { untagged } from '../present-runs.ts';
import type { Findings } from './findings.ts';
import { hex } from './tell.ts';

/**
 * Compares what get_user_page_fast_only(READ) answered, and the size of the leaf that the kernel found without a lock. No
 * fixture says what its kernel was configured with: NUMA balancing is built into Debian's kernels wherever it can be.
 */
export function checkGup(found: Findings, guest: Guest, process: GuestProcess, { mm }: Space): void {
  const gup: Gup = { mm, port: quietPort(mm), era: ERAS['v6.14'], numaBalancing: guest.arch !== 's390x' };
  for (const fact of process.facts) {
    if (!fact.gupFast) continue;
    const { paddr, pageSize } = fact.gupFast;
    const result = getUserPagesFastOnly(gup, fact.addr, 1);
    const name = `${process.name} ${hex(fact.addr)}`;
    const trace = () => pictureOf(mm, walk(mm, untagged(guest, fact.addr)));
    const expected = paddr === undefined ? 'none' : `frame ${hex(paddr / guest.pageSize)}`;
    const got = result.frames[0] === undefined ? 'none' : `frame ${hex(BigInt(result.frames[0]))}`;
    found.compare('gup_fast', got === expected, () => ({ name, expected, got: `${got}${why(result)}`, walk: trace() }));
    if (pageSize !== undefined) checkSize(found, guest, fact, name, { mm, pageSize });
  }
}

function checkSize(
  found: Findings,
  guest: Guest,
  { addr }: Fact,
  name: string,
  of: Pick<Gup, 'mm'> & { pageSize: bigint },
): void {
  const trace = walk(of.mm, untagged(guest, addr));
  const { result } = trace;
  const unasked = notCompared(guest, result.kind);
  if (unasked) found.leave(unasked);
  else {
    const got = result.kind === 'leaf' ? result.size : 0n;
    found.compare('leaf size', got === of.pageSize, () => ({
      ...{ name, expected: hex(of.pageSize), got: hex(got), walk: pictureOf(of.mm, trace) },
    }));
  }
}

/** Why the kernel's size of a leaf is not one of ours. */
function notCompared(guest: Guest, kind: string): string | undefined {
  if (guest.arch === 'aarch64') return 'a leaf size of arm64, where Linux counts 16 contiguous entries as one';
  // perf_get_page_size asks no limit, and finds what lies at the index that is left of the address.
  if (kind === 'not-translatable') return 'a leaf size beyond what the tables translate';
  return undefined;
}

const why = ({ stop, error }: GupResult): string =>
  stop ? `: ${formatStop(stop)}` : error ? `: ${error} (${-ERRNO[error]})` : '';
