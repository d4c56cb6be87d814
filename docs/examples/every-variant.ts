/** Worked example A: four pages across 2 GiB in a 3-level s390 process, walked in every form of gup_fast. */
import { s390, topOf } from '@kernel-mm/arch-s390';
import { VARIANTS, type VariantName } from '@kernel-mm/gup-fast';
import { ownersOf, spaceWith, walkFour } from './space.ts';

// The pages at 0 are what a walk that goes wrong finds 2 GiB too low.
const mm = spaceWith(s390(), topOf(3), [0n, 0x7fff_e000n]);

for (const name of Object.keys(VARIANTS) as VariantName[]) {
  const walk = walkFour(mm, name, 0x7fff_e000n);
  const owners = ownersOf(walk);
  const told = walk.leaves.map(({ addr }, n) =>
    addr === owners[n] ? 'right' : `page of 0x${owners[n]?.toString(16)}`,
  );
  console.log(`${name.padEnd(20)}  ${told.join(', ')}`);
}
