/** How much of a definition was asked: the laws of which there was no claim, and what would make one. */
import { LAWS, type LawName } from './claim.ts';
import type { Proved } from './prove.ts';

/** What a definition, or what is handed in with it, has to say. Every definition says enough for the other laws. */
const NEEDS: Readonly<Partial<Record<LawName, string>>> = {
  changes: 'levels.pte.mk, for example mk.young',
  questions: 'two of levels.pte.is.young, is.dirty, is.write and the like',
  'leaf-is-bad': 'levels.….is.leaf at a level with a table',
  hardware: 'an MMU: export it beside, or instead of, the definition',
  'address-correct': 'a stepper',
  law: 'a stepper',
};

/** A law that has no claim, and what would make one. */
export interface Unclaimed {
  readonly law: LawName;
  readonly add: string;
}

/** The laws of which these results of one definition have no claim. A stepper that was not looked at makes none. */
export function unclaimed(results: readonly Proved[]): Unclaimed[] {
  const claimed = new Set(results.filter(({ verdict }) => verdict.kind !== 'not-looked-at').map(({ law }) => law));
  return (Object.keys(LAWS) as LawName[]).flatMap((law) =>
    claimed.has(law)
      ? []
      : [{ law, add: NEEDS[law] ?? 'what every definition says: this is a defect of this package' }],
  );
}

/** The coverage in words: for each definition how many laws apply, and above that the ones that ask nothing. */
export function coverage(results: readonly Proved[]): string {
  const all = Object.keys(LAWS).length;
  return [...new Set(results.map(({ arch }) => arch))]
    .flatMap((arch) => {
      const none = unclaimed(results.filter((one) => one.arch === arch));
      const lines = none.map(({ law, add }) => `  ${law}: say ${add}`);
      return [
        ...(lines.length ? [`These laws ask nothing of ${arch}:`, ...lines] : []),
        `${arch}: ${all - none.length} of ${all} laws apply`,
      ];
    })
    .join('\n');
}
