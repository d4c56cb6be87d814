/** A listing against another enumeration of the same tables: what QEMU's monitor listed of one process of a real guest. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadGuest, spaceOfProcess } from '@kernel-mm/cli';
import { type MappedRange, ranges, vaddr } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../fixtures/guests');
const listed: {
  /** `va pa flags size` for each page; flags XGPDACTUW, a dash where one is clear, X for NX. */
  readonly leaves: readonly string[];
  /** `start-end length rights` for each run of pages with the same rights of user, read and write. */
  readonly info_mem: readonly string[];
} = JSON.parse(gunzipSync(readFileSync(join(folder, 'x86_64-l4-1.infotlb.json.gz'))).toString()).l4;

const guest = loadGuest(join(folder, 'x86_64-l4-1.json.gz'));
const process = guest.processes.find(({ name }) => name === 'l4')!;
const { machine, rootOf } = spaceOfProcess(guest, process);
// The kernel's half is not in the lists.
const end = vaddr(1n << 47n);
const items = [...ranges(machine, guest.memory, rootOf(0n), { end })];
const pages = items.filter((item): item is MappedRange => item.kind === 'mapped');
const hex = (value: bigint): string => value.toString(16);

test('info tlb: the same pages at the same places, with the same rights, and no other', () => {
  expect(listed.leaves).toHaveLength(778);
  expect(items.filter(({ kind }) => kind !== 'mapped')).toEqual([]);
  const rights = ({ user: { read, write, execute } }: MappedRange): string =>
    `${execute ? '-' : 'X'}${read ? 'U' : '-'}${write ? 'W' : '-'}`;
  expect(pages.map((page) => [page.start, page.paddr, page.pageSize].map(hex).concat(rights(page)))).toEqual(
    listed.leaves.map((leaf) => {
      const [va = '', pa = '', flags = '', size = ''] = leaf.split(' ');
      return [va, pa, hex(BigInt(size)), flags[0]! + flags.slice(-2)];
    }),
  );
});

test('info mem: the same runs of pages that may be read and written', () => {
  const runs: { start: bigint; end: bigint; rights: string }[] = [];
  for (const { start, end, user } of pages) {
    const rights = `${user.read ? 'ur' : '--'}${user.write ? 'w' : '-'}`;
    const last = runs.at(-1);
    if (last?.end === start && last.rights === rights) last.end = end;
    else runs.push({ start, end, rights });
  }
  const wide = (value: bigint): string => hex(value).padStart(16, '0');
  expect(runs.map((run) => `${wide(run.start)}-${wide(run.end)} ${wide(run.end - run.start)} ${run.rights}`)).toEqual(
    listed.info_mem,
  );
});

test('a kernel that minds SMEP and SMAP reaches none of them', () => {
  expect(machine.state).toMatchObject({ smep: true, smap: true, ac: false });
  expect(pages.every(({ supervisor }) => !supervisor.read && !supervisor.write && !supervisor.execute)).toBe(true);
});
