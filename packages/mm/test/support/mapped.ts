/** A range as the mapping that covers it. */
import type { MappedRange, Range } from '../../src/index.ts';

export const mapped = ({ start, end }: Range): MappedRange => ({ start, end, pfnmap: false });
