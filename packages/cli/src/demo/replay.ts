/** The demo on a range case: what a solver found, or somebody wrote down, walked by every form. */
import { topLevel } from '@kernel-mm/pgtable-core';
import { FixtureError } from '@kernel-mm/pgtable-core/guest';
import { readRangeCase } from '@kernel-mm/pgtable-core/vectors';
import { PresentPages } from '../present-runs.ts';
import { archOf } from '../registry.ts';
import { type DemoFindings, type DemoOptions, processFindings } from './demo.ts';

/**
 * Walks a `kernel-mm/range-case@1`; nobody says which frame is whose, so that the walk of each address alone does.
 * @throws FixtureError for what the format does not have
 */
export function replayCase(json: unknown, { neighbour }: Pick<DemoOptions, 'neighbour'>): DemoFindings {
  const { title, mm, start, end } = readRangeCase(json, archOf);
  if (!topLevel(mm)) throw new FixtureError('malformed', 'root', 'a register that designates a top table');
  const pages = new PresentPages({ arch: mm.arch.id, pageSize: mm.arch.geometry.pte.size }, { facts: [] });
  return {
    title: `A range case of ${mm.arch.id} (${title})`,
    truth: 'a walk of each address alone',
    guest: { name: title, arch: mm.arch.id, release: 'a range case' },
    neighbour,
    processes: [processFindings('the case', mm, pages, [[start, end]], neighbour)],
  };
}
