/** Which rights an arm64 walk leaves, by privilege: AP, APTable, UXN, PXN, WXN and PAN (Arm ARM, D8.4). */
import { type Access, and, type Expr, type Hardware, has, is, type Taken, type Taking } from '@kernel-mm/pgtable-core';
import { bit, DBM, PXN, RDONLY, USER, UXN } from './arm64-descriptor.ts';
import type { Arm64State } from './arm64-state.ts';

const PXN_TABLE = bit(59);
const UXN_TABLE = bit(60);
const NO_EL0 = bit(61); // APTable[0]
const READ_ONLY = bit(62); // APTable[1]

const taking = (when: Expr, why: string, ...rights: Access[]): Taking => ({ when, rights, why });

/** What a table takes from all below it, where `enabled` holds (HPD is 0). */
export const tableTakes = (user: boolean, enabled: Expr): readonly Taking[] => {
  const takes = user
    ? [taking(has(NO_EL0), 'APTable[0] = 1', 'read', 'write'), taking(has(UXN_TABLE), 'UXNTable = 1', 'execute')]
    : [taking(has(PXN_TABLE), 'PXNTable = 1', 'execute')];
  return [...takes, taking(has(READ_ONLY), 'APTable[1] = 1', 'write')].map((one) => ({
    ...one,
    when: and(one.when, enabled),
  }));
};

/** What a page or block takes itself. With HD, a page with DBM is only clean where AP[2] says read-only. */
export const pageTakes = (user: boolean, hd: boolean): readonly Taking[] => {
  const readOnly = hd ? is(RDONLY | DBM, RDONLY) : has(RDONLY);
  const takes = user
    ? [taking(is(USER, 0n), 'AP[1] = 0', 'read', 'write'), taking(has(UXN), 'UXN = 1', 'execute')]
    : [taking(has(PXN), 'PXN = 1', 'execute')];
  return [...takes, taking(readOnly, 'AP[2] = 1', 'write')];
};

/** What follows from AP over all levels: EL1 never executes what EL0 can write, WXN, and PAN. */
export const wholeTakes =
  ({ user, wxn, pan }: Arm64State, hpdAt: (addr: bigint) => boolean): NonNullable<Hardware['whole']> =>
  (path, taken, { addr }) => {
    const page = path.at(-1);
    if (!page) return [];
    const closed = !hpdAt(addr) && path.slice(0, -1).some(({ entry }) => entry & NO_EL0);
    const forEl0 = !user && (page.entry & USER) !== 0n && !closed;
    const writable = taken.every(({ right }) => right !== 'write');
    const take = (when: boolean, why: string, ...rights: Access[]): Taken[] =>
      when ? rights.map((right) => ({ right, level: page.level, why })) : [];
    return [
      ...take(forEl0 && writable, 'EL0 can write it', 'execute'),
      ...take(wxn && writable, 'WXN, and it is writable', 'execute'),
      ...take(forEl0 && pan, 'PAN, and EL0 can read it', 'read', 'write'),
    ];
  };
