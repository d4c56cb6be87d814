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
