/** Terms against the code that they are said to be: the same values, for values at random. */
import { ARCHITECTURES, x86 } from '@kernel-mm/arch-generic';
import { s390 } from '@kernel-mm/arch-s390';
import {
  type Arch,
  and,
  defineArch,
  type Entry,
  isUpper,
  LEVELS,
  type Mm,
  pXdAddrEnd,
  pXdAddrEndOf,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { claimsOf, STEPPERS } from '../src/index.ts';
import { isTerm, says } from '../src/reading-terms.ts';
import { bare } from '../src/tell.ts';
import { boundaryTerm } from '../src/walk-terms.ts';
import { wordOf } from './support/value.ts';

const isFull = process.env.KERNEL_MM_RUNS === 'full';
/** A definition whose predicates are masks: any bit of one is yes, wherever predicates are joined. */
function masks(): Arch {
  const { spec } = x86({ paging: '4-level' });
  const pmd = {
    ...spec.levels.pmd.is,
    present: and('entry', 0x81n),
    leaf: and('entry', 0x80n),
    bad: and('entry', 0x3f00_0000_0000_0000n),
  };
  const pte = { ...spec.levels.pte.is, present: and('entry', 0x101n), write: and('entry', 2n) };
  const levels = { ...spec.levels, pmd: { ...spec.levels.pmd, is: pmd }, pte: { ...spec.levels.pte, is: pte } };
  return defineArch({ ...spec, id: 'masks', levels });
}

const archs: Arch[] = [
  ...[masks(), s390(), s390({ layout: 'present' })],
  ...Object.values(ARCHITECTURES).map((make) => make().arch),
];
const word = fc.oneof(
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.nat(63).map((n) => 1n << BigInt(n)),
  fc.constantFrom(0n, 1n, 2n ** 64n - 1n),
);

test.each(archs.map((arch) => [arch.id, arch] as const))('%s: where slots end, and what Linux answers', (_, arch) => {
  const run = fc.property(word, word, word, word, (addr, end, entry, root) => {
    const mm: Mm = { ...bare(arch), root };
    for (const level of LEVELS) {
      for (const what of ['none', 'present', 'bad', 'leaf', 'write', 'special'] as const)
        expect(wordOf(isTerm(arch, level, what, entry)) !== 0n).toBe(says(arch, level, what, entry));
      if (!isUpper(level)) continue;
      const seen = { entry, root };
      const [byLevel, byEntry] = (['level', 'entry'] as const).map((boundary) =>
        wordOf(boundaryTerm(arch, level, boundary, seen, [addr, end]).next),
      );
      expect(byLevel).toBe(pXdAddrEnd(mm, level, addr as Vaddr, end as Vaddr));
      expect(byEntry).toBe(pXdAddrEndOf(mm, level, entry as Entry<typeof level>, addr as Vaddr, end as Vaddr));
    }
  });
  fc.assert(run, { numRuns: isFull ? 100 : 20, seed: 20200907 });
});

/** Claims over plain values, for which any values can be tried; those about walks need memory that agrees with itself. */
const plain = (arch: Arch) =>
  [...claimsOf({ arch, steppers: STEPPERS })].filter(({ law }) => law !== 'law' && law !== 'address-correct');

test.each(archs.map((arch) => [arch.id, arch] as const))(
  '%s: a claim that its terms keep, the engine keeps',
  (_, arch) => {
    for (const claim of plain(arch)) {
      const names = Object.keys(claim.show);
      const run = fc.property(fc.array(word, { minLength: names.length, maxLength: names.length }), (words) => {
        const values = Object.fromEntries(names.map((name, n) => [name, words[n]!]));
        const assumed = claim.given.every((term) => wordOf(term, values) !== 0n);
        if (!assumed) return;
        expect([claim.at, values, claim.replay(values).keeps]).toEqual([
          claim.at,
          values,
          wordOf(claim.follows, values) !== 0n,
        ]);
      });
      fc.assert(run, { numRuns: isFull ? 20 : 6, seed: 20200907 });
    }
  },
);
