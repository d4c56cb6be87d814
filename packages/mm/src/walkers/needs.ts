/** The one check of what every walker is handed: callers without types leave arguments out. */
import { UsageError } from '@kernel-mm/pgtable-core';

/** @throws UsageError `argument`, with the name of the first that is missing */
export function needs(given: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(given))
    if (value === undefined || value === null) throw new UsageError('argument', name, 'to be given: nothing was');
}
