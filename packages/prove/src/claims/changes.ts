/** Changes: Linux's helpers make of a page what they are named for, and nothing else of it, whatever happened to it before. */
import {
  type Arch,
  CHANGES,
  type Change,
  type Entry,
  type Level,
  leafAddress,
  makeLeaf,
  type Paddr,
  unchangedBy,
} from '@kernel-mm/pgtable-core';
import type { Claim, Replay } from '../claim.ts';
import { isTerm, says } from '../reading-terms.ts';
import { hex } from '../tell.ts';
import { all, and, eq, lt, ne, select, type Term, termOf } from '../term.ts';
import { alignedTerms, leafAddressTerm, readLevels, zeros } from './formats.ts';
import { type Template, templatesOf } from './templates.ts';

/** What is noted of a page in the course of its life. */
const HISTORY: readonly Change[] = [
  ...(['young', 'old', 'dirty', 'clean', 'special', 'devmap', 'softDirty', 'clearSoftDirty'] as const),
];

/** The claims of each helper that a definition has. */
export const changeClaims = (arch: Arch): Claim[] =>
  readLevels(arch).flatMap((level) => {
    const { leaf, mk = {} } = arch.spec.levels[level];
    return leaf ? (Object.keys(mk) as Change[]).map((change) => claimOf(arch, level, change)) : [];
  });

/** Of a page with any rights, to which two things may have happened. Linux makes none writable that has no rights. */
function claimOf(arch: Arch, level: Level, change: Change): Claim {
  const { mk = {}, leaf, is } = arch.spec.levels[level];
  const templates = templatesOf(arch, level).filter(({ prot }) => prot.read || (level === 'pte' && change !== 'write'));
  const past = HISTORY.filter((one) => mk[one] !== undefined);
  const made = (one: Change, entry: Term): Term => termOf(mk[one] ?? 'entry', { entry });
  const happened = (entry: Term, which: string): Term =>
    past.reduce<Term>((so, one, n) => select(eq(which, BigInt(n)), made(one, entry), so), entry);
  const fresh = templates.reduce<Term>((so, { entry }, n) => select(eq('rights', BigInt(n)), entry, so), 0n);
  const before = happened(happened(fresh, 'first'), 'second');
  const after = made(change, before);

  const [asked, answer] = CHANGES[change]?.makes ?? [];
  const answered = asked && is[asked] ? [eq(isTerm(arch, level, asked, after), answer ? 1n : 0n)] : [];
  const alike = unchangedBy(change).map((what) =>
    eq(isTerm(arch, level, what, after), isTerm(arch, level, what, before)),
  );
  const most = BigInt(past.length + 1);
  return {
    law: 'changes',
    at: `${level} ${change}`,
    given: [
      ...[...alignedTerms(arch, level, 'leaf', 'address'), ne('address', 0n)],
      ...[lt('rights', BigInt(templates.length)), lt('first', most), lt('second', most)],
    ],
    follows: all(
      ...[...answered, ...alike],
      eq(leafAddressTerm(arch, level, after), leafAddressTerm(arch, level, before)),
      eq(and(after, zeros(leaf?.fields ?? {})), 0n),
    ),
    least: ['rights', 'first', 'second', 'address'],
    show: { rights: 'rights', first: 'first', second: 'second', address: 'address' },
    replay({ rights = 0n, first = 0n, second = 0n, address = 0n }) {
      const story = [past[Number(first)], past[Number(second)], change].filter((one) => one !== undefined);
      return changed(arch, level, templates[Number(rights)], address, story);
    },
  };
}

/** What the last of some changes does to a page. */
function changed(arch: Arch, level: Level, template: Template | undefined, address: bigint, story: Change[]): Replay {
  const { mk } = arch.rules[level];
  const fresh = template && makeLeaf(arch, level, address as Paddr, template.prot);
  if (fresh === undefined) return { keeps: false, story: [`no ${level} can map ${hex(address)}`] };
  const change = story.pop()!;
  const make = (entry: bigint, one: Change): bigint => mk[one]?.({ entry }) ?? entry;
  const before = story.reduce(make, fresh);
  const after = make(before, change);

  const [asked, answer] = CHANGES[change]?.makes ?? [];
  const wrong = [...unchangedBy(change)].filter(
    (what) => says(arch, level, what, after) !== says(arch, level, what, before),
  );
  if (asked && arch.rules[level].is[asked] && says(arch, level, asked, after) !== answer) wrong.push(asked);
  const frame = (entry: bigint): bigint | undefined => leafAddress(arch, level, entry as Entry);
  const isWhole = frame(after) === frame(before) && (after & zeros(arch.spec.levels[level].leaf?.fields ?? {})) === 0n;
  return {
    keeps: wrong.length === 0 && isWhole,
    story: [
      `${level} ${hex(before)}, ${template?.name}${story.map((one) => `, made ${one}`).join('')}`,
      `made ${change} it is ${hex(after)}`,
      ...wrong.map((what) => `${level}_${what} answers ${says(arch, level, what, after) ? 'yes' : 'no'}`),
      ...(isWhole ? [] : ['its frame is another, or a bit is set that must be 0']),
    ],
  };
}
