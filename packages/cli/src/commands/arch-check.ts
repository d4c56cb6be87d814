/** `kernel-mm arch check`: the laws of the architectures that a file defines, run and told. */
import { type Arch, UsageError } from '@kernel-mm/pgtable-core';
import type { ReportOptions } from '@kernel-mm/pgtable-core/testing';
import { exportsOf, ownArch, valuesOf } from '@kernel-mm/prove/files';
import { answered, type Outcome } from '../command.ts';
import { lawTools } from '../law-tools.ts';
import { ofCall, type ReadLimits } from '../read-file.ts';
import { mmuAsked } from '../source.ts';
import { json } from '../words.ts';

/**
 * Runs the laws.
 * @throws UsageError for a file that cannot be read or defines nothing; ArchError for a definition that is refused
 */
export async function checkArchs(
  file: string,
  limits: ReadLimits,
  options: ReportOptions,
  asJson: boolean,
): Promise<Outcome> {
  const archs = await architecturesIn(file, limits);
  const { runLaws, formatReport } = await lawTools();
  const reports = archs.map((arch) => runLaws(arch, options));
  const isKept = reports.every(({ results }) => results.every(({ kind }) => kind !== 'broken'));
  return answered(asJson ? json(reports) : reports.map(formatReport).join('\n'), isKept);
}

async function architecturesIn(file: string, limits: ReadLimits): Promise<Arch[]> {
  if (/\.json(\.gz)?$/.test(file)) {
    const asked = { definition: file, arch: undefined, linux: undefined };
    return [ofCall(() => mmuAsked(asked, limits).arch)];
  }
  const archs = valuesOf(await exportsOf(file)).flatMap((value) => ownArch(value)?.arch ?? []);
  if (!archs.length)
    throw new UsageError('argument', file, 'a module that exports an architecture, a definition or an MMU');
  return archs;
}
