/** The rights of a leaf, read back from it. */
import { type Entry, type Level, type Mm, NO_RIGHTS, type Prot, pXdIs } from '@kernel-mm/pgtable-core';

/** What a leaf permits, by the kernel's reading; what its architecture cannot say is granted. */
export function protOf(mm: Mm, level: Level, entry: Entry): Prot {
  if (pXdIs(mm, 'protnone', level, entry)) return NO_RIGHTS;
  const { exec, user } = mm.arch.rules[level].is;
  return {
    read: true,
    write: pXdIs(mm, 'write', level, entry),
    exec: exec?.({ entry }) ?? true,
    user: user?.({ entry }) ?? true,
  };
}
