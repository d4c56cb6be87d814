/** The rules by which gup_fast refuses an entry or its page, in the kernel's order, each in a sentence. */

/** What refused. */
export type Rule =
  | 'pgd-leaf'
  | 'no-special-bit'
  | 'table-unmapped'
  | 'protnone'
  | 'access'
  | 'key'
  | 'devmap-longterm'
  | 'pgmap'
  | 'special'
  | 'no-page'
  | 'beyond-folio'
  | 'cma'
  | 'p2pdma'
  | 'count-zero'
  | 'count-negative'
  | 'folio-moved'
  | 'longterm'
  | 'pmd-changed'
  | 'changed'
  | 'slab'
  | 'unmapped-file'
  | 'flagged-mapping'
  | 'secretmem'
  | 'file'
  | 'unshare'
  | 'inaccessible';

/** Every rule in words, for example for a table or a message. */
export const RULES: Readonly<Record<Rule, string>> = {
  'pgd-leaf': 'a leaf at pgd: kernels since v6.16 have no such thing',
  'no-special-bit': 'the architecture cannot mark a pte special, so that no pte is trusted',
  'table-unmapped': 'the table of ptes cannot be mapped: the pmd read is none, a leaf, or bad',
  protnone: 'no rights (PROT_NONE, or a NUMA hint), where NUMA balancing is built in',
  access: 'the entry does not permit the access',
  key: 'the protection key forbids the access',
  'devmap-longterm': 'device memory, for long',
  pgmap: 'device memory that goes away: its pages taken in this table are given back',
  special: 'special: no struct page may be touched behind it',
  'no-page': 'no struct page stands for the frame',
  'beyond-folio': 'the leaf maps more than the folio behind it has: the tables lie',
  cma: 'a CMA page, for long',
  p2pdma: 'peer-to-peer device memory, and the caller did not say PCI_P2PDMA',
  'count-zero': 'the page is free: a count of 0 is never raised',
  'count-negative': 'the count of references has overflowed',
  'folio-moved': 'the page changes its folio at every look',
  longterm:
    'the folio must be able to move away (movable zone, CMA, isolated, device-coherent, fsdax): no pin for long',
  'pmd-changed': 'the pmd has changed since it was read',
  changed: 'the entry has changed since it was read',
  slab: 'a slab page in a page table',
  'unmapped-file': 'the folio has no mapping any more (truncated)',
  'flagged-mapping': 'the mapping is a driver’s, not anonymous memory’s',
  secretmem: 'secret memory',
  file: 'a file’s page, for long, to be written: only shmem and hugetlb may',
  unshare: 'a read-only pin of a page that is not exclusively anonymous: write protection would not hold for it',
  inaccessible: 'a protected guest’s page that cannot be made accessible',
};
