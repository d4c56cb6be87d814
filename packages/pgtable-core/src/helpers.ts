/** The helpers of Linux that a definition answers for, by name: what is asked of an entry, and what is made of one. */

/**
 * The questions that Linux asks of an entry, without their `pXd_` prefix. `accessRead` and `accessWrite` are
 * pXd_access_permitted(entry, write), where an architecture has one of its own: see `accessPermitted`.
 */
export type Predicate =
  | 'none'
  | 'present'
  | 'bad'
  | 'leaf'
  | 'swap'
  | 'protnone'
  | 'special'
  | 'devmap'
  | 'write'
  | 'young'
  | 'dirty'
  | 'exec'
  | 'user'
  | 'softDirty'
  | 'accessRead'
  | 'accessWrite';

/**
 * What Linux's helpers change in a leaf: pXd_mkyoung, mkold, mkdirty, mkclean, mkwrite (pte_mkwrite_novma), wrprotect,
 * mkspecial, mkdevmap, mkhuge, mkinvalid, mksoft_dirty, clear_soft_dirty.
 */
export type Change =
  | 'young'
  | 'old'
  | 'dirty'
  | 'clean'
  | 'write'
  | 'wrprotect'
  | 'special'
  | 'devmap'
  | 'huge'
  | 'invalid'
  | 'softDirty'
  | 'clearSoftDirty';

/** What a change is for. */
export interface Purpose {
  /** The question that it answers, and how. */
  readonly makes: readonly [asked: Predicate, answer: boolean];
  /** Of what else the answer may be another then. */
  readonly also?: readonly Predicate[];
}

/** What each change is for. Those of which nothing is said may do as they like. */
export const CHANGES: Readonly<Partial<Record<Change, Purpose>>> = {
  young: { makes: ['young', true] },
  old: { makes: ['young', false] },
  dirty: { makes: ['dirty', true], also: ['softDirty'] },
  clean: { makes: ['dirty', false] },
  // arm64: what is made writable is dirty; powerpc: what is writable is not PROT_NONE.
  write: { makes: ['write', true], also: ['dirty', 'protnone'] },
  wrprotect: { makes: ['write', false] },
  special: { makes: ['special', true] },
  devmap: { makes: ['devmap', true], also: ['special'] },
  softDirty: { makes: ['softDirty', true] },
  clearSoftDirty: { makes: ['softDirty', false] },
};

/** What is noted of a page, whoever may use it. */
export const STATE: readonly Predicate[] = ['young', 'dirty', 'softDirty', 'special', 'devmap'];
/** What an entry is, and who may use it. */
export const RIGHTS: readonly Predicate[] = [
  ...(['none', 'present', 'swap', 'leaf', 'bad', 'protnone', 'write', 'exec', 'user'] as const),
];

/** What must be answered as before, after a change; nothing where nothing is said of it. */
export function unchangedBy(change: Change): readonly Predicate[] {
  const said = CHANGES[change];
  if (!said) return [];
  const may: readonly Predicate[] = [said.makes[0], ...(said.also ?? [])];
  return [...STATE, ...RIGHTS].filter((asked) => !may.includes(asked));
}
