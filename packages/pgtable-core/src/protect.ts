/** Other rights for pages that are mapped. */
import type { Prot } from './arch.ts';
import type { Vaddr } from './brand.ts';
import { modify } from './codec.ts';
import { checkProt, type LeavesResult, rewriteLeaves } from './map.ts';
import type { Mm } from './mm.ts';
import { roleOf } from './walk.ts';

/**
 * Gives every present leaf of [addr, addr + size) these rights, and no others; all else that its entry says stays, so
 * that PROT_NONE can be taken back. Swap entries and bad ones are left alone.
 * @throws {@link UsageError} as `map`
 */
export function protect(mm: Mm, addr: Vaddr, size: bigint, prot: Prot): LeavesResult {
  checkProt(prot);
  return rewriteLeaves(mm, addr, size, (level, entry) => {
    const changed = modify(mm.arch, level, entry, prot);
    // A large leaf without rights may not read as one: then it would be lost.
    return changed !== undefined && roleOf(mm, level, changed) === 'leaf' ? changed : undefined;
  });
}
