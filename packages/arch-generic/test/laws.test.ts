import { archLaws } from '@kernel-mm/pgtable-core/testing';
import { describe } from 'vitest';
import { arm64 } from '../src/index.ts';
import { keeps, runs } from './support/keeps.ts';

const archs = [arm64({ granule: '4k', va: 48 }), arm64({ granule: '16k', va: 52, lpa2: false })];

describe.each(archs)('$id', (arch) => {
  keeps(archLaws(arch, { runs }));
});
