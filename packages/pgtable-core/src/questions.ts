/** Questions of a page's state: which of them ask the same bits. */
import { paddr } from './brand.ts';
import { makeLeaf, NO_RIGHTS } from './codec.ts';
import type { Arch } from './geometry.ts';
import { type Predicate, STATE } from './helpers.ts';
import type { Level } from './level.ts';

/** Who may use a page, and what is noted of it. */
export const STATUS: readonly Predicate[] = ['write', 'exec', 'user', 'protnone', ...STATE];

/** Two questions, the first of which is never yes where the second is no. */
export interface Alike {
  readonly asked: Predicate;
  readonly like: Predicate;
}

/** Whether Linux takes `entry` for a page that is there. */
export const isPage = (arch: Arch, level: Level, entry: bigint): boolean => {
  const { is } = arch.rules[level];
  return (
    is.present?.({ entry }) === true &&
    is.none?.({ entry }) === false &&
    (level === 'pte' || is.leaf?.({ entry }) === true)
  );
};

/** Pages: leaves as they are made, with up to two of their bits turned. */
function pagesNear(arch: Arch, level: Level): bigint[] {
  const rights = { read: true, write: true, exec: true, user: true };
  const made = [rights, { ...rights, write: false, exec: false }, { ...rights, user: false }, NO_RIGHTS].flatMap(
    (prot) => makeLeaf(arch, level, paddr(arch.geometry[level].size), prot) ?? [],
  );
  const bits = [0n, ...Array.from({ length: 8 * arch.entryBytes }, (_, n) => 1n << BigInt(n))];
  const turned = bits.flatMap((a, n) => bits.slice(n).map((b) => a ^ b));
  const words = new Set(made.flatMap((entry) => turned.map((bit) => entry ^ bit)));
  return [...words].filter((entry) => isPage(arch, level, entry));
}

/** The questions that a level's pages answer both ways: those of which something can be noted. */
export function openQuestions(
  arch: Arch,
  level: Level,
  pages: readonly bigint[] = pagesNear(arch, level),
): Predicate[] {
  const { is } = arch.rules[level];
  return STATUS.filter((what) => new Set(pages.map((entry) => is[what]?.({ entry }))).size === 2);
}

/** Every two questions of a level that no page tells apart, each way by itself. */
export function alikeQuestions(arch: Arch, level: Level): Alike[] {
  const pages = pagesNear(arch, level);
  const { is } = arch.rules[level];
  const open = openQuestions(arch, level, pages);
  return open.flatMap((asked) =>
    open
      .filter((like) => like !== asked && !pages.some((entry) => is[asked]?.({ entry }) && !is[like]?.({ entry })))
      .map((like) => ({ asked, like })),
  );
}
