/** A guest: what its kernel, its MMU and its CPU said, each against the reading that must give the same. */
import type { Guest } from '@kernel-mm/pgtable-core/guest';
import { spaceOfProcess } from '../guest-mm.ts';
import { checkContent } from './content.ts';
import { checkFaultReports } from './fault-reports.ts';
import type { Findings } from './findings.ts';
import { checkGup } from './gup.ts';
import { checkHeads } from './heads.ts';
import { checkPagemap } from './pagemap.ts';
import { checkTouches } from './touches.ts';
import { checkKernel, checkTranslated } from './translated.ts';

/**
 * Compares every fact of a guest.
 * @throws FixtureError for an architecture that is not known, or a register that is not there
 */
export function checkGuest(found: Findings, guest: Guest): void {
  for (const process of guest.processes) {
    const space = spaceOfProcess(guest, process);
    checkPagemap(found, guest, process, space);
    checkGup(found, guest, process, space);
    checkContent(found, guest, process, space);
    checkHeads(found, guest, process, space);
    checkTranslated(found, guest, process, space);
    checkTouches(found, guest, process, space);
    checkFaultReports(found, guest, process);
  }
  checkKernel(found, guest);
}
