/** What is proved, as tables: the laws of each architecture, and the two oracles of each form of stepping. */
import type { Counterexample, LawName } from './claim.ts';
import type { Proved } from './prove.ts';
import { hex } from './tell.ts';

/** The laws of a definition, in the order of the columns; those of walks have a table of their own. */
const COLUMNS: readonly LawName[] = [
  ...(['address', 'addr-end', 'fields', 'aligned', 'codec', 'empty', 'kinds', 'changes', 'questions'] as const),
  ...(['leaf-is-bad', 'hardware'] as const),
];

/** What a form keeps at one depth: of an architecture. */
export type Kept = 'law and address' | 'address' | 'law' | 'neither' | 'not decided';

const isWalk = (law: LawName): boolean => law === 'law' || law === 'address-correct';

const markdown = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const group = <K, T>(all: readonly T[], key: (one: T) => K): Map<K, T[]> => {
  const groups = new Map<K, T[]>();
  for (const one of all) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return groups;
};

/** What a form keeps: by its claims of both laws. */
export function keptOf(claims: readonly Proved[]): Kept {
  const keeps = (law: LawName): boolean | undefined => {
    const kinds = claims.filter((claim) => claim.law === law).map(({ verdict }) => verdict.kind);
    if (kinds.includes('refuted')) return false;
    return kinds.every((kind) => kind === 'proved') ? true : undefined;
  };
  const [law, address] = [keeps('law'), keeps('address-correct')];
  if (law === undefined || address === undefined) return 'not decided';
  if (law) return address ? 'law and address' : 'law';
  return address ? 'address' : 'neither';
}

/** The form and the depth that a claim about walks is of. */
export function placeOf({ at }: Proved): { readonly form: string; readonly depth: string } {
  const [form = '', ...rest] = at.split(', ');
  return { form, depth: rest.length > 1 ? (rest[0] ?? '') : '' };
}

/** A row for each architecture and depth, a column for each form. */
export function walkTable(results: readonly Proved[]): string {
  const walks = results.filter(({ law }) => isWalk(law));
  const forms = [...new Set(walks.map((one) => placeOf(one).form))];
  const rows = [...group(walks, (one) => [one.arch, placeOf(one).depth].filter(Boolean).join(', '))].map(
    ([where, of]) => [where, ...forms.map((form) => keptOf(of.filter((one) => placeOf(one).form === form)))],
  );
  return markdown(['architecture', ...forms], rows);
}

/** A row for each architecture: of each law how many claims are proved, or which are not. */
export function lawTable(results: readonly Proved[]): string {
  const rows = [...group(results, ({ arch }) => arch)].map(([arch, all]) => {
    const cells = COLUMNS.map((law) => {
      const own = all.filter((one) => one.law === law);
      const not = own.filter(({ verdict }) => verdict.kind !== 'proved');
      if (!own.length) return '';
      return not.length ? `${own.length - not.length}, not ${not.map(({ at }) => at).join(', ')}` : String(own.length);
    });
    return [arch, ...cells];
  });
  return markdown(['architecture', ...COLUMNS], rows);
}

/** A counterexample's story, and where they are known, all the entries that there are. */
function storyOf({ story, exactly, replays }: Counterexample): string[] {
  const sets = exactly?.map(({ mask, value }) => `${hex(value)} in the bits ${hex(mask)}`);
  return [
    ...story,
    ...(sets ? [`exactly the entries with ${sets.join(', or with ')}`] : []),
    ...(replays ? [] : ['the reference engine does otherwise: a defect of this package']),
  ];
}

/** Every claim that is not proved, with its counterexample's story. */
export const refutations = (results: readonly Proved[]): string =>
  results
    .flatMap(({ arch, law, at, verdict }) => {
      if (verdict.kind === 'proved') return [];
      const told = verdict.kind === 'refuted' ? storyOf(verdict.counterexample) : [verdict.why];
      return [[`${arch}, ${law}, ${at}: ${verdict.kind}`, ...told.map((line) => `  ${line}`)].join('\n')];
    })
    .join('\n');
