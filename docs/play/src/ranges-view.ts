/** What an address space maps, some at a time; each range is a button that goes there. */
import { formatSize, type RangesItem, ranges, vaddr } from '@kernel-mm/pgtable-core';
import { h } from './dom.ts';
import type { Space } from './space.ts';
import { hex } from './state.ts';

/** Slots to look at, and rows to show, before somebody asks for more. */
const [BUDGET, ROWS] = [100_000, 40];

/** The mapped ranges from `from` on. */
export function rangesView(space: Space, from: bigint, go: (addr: bigint) => void): HTMLElement {
  const list = h('ul', { class: 'ranges' });
  const more = (start: bigint): HTMLElement => {
    const button = h(
      'button',
      { type: 'button', click: () => item.replaceWith(...items(start)) },
      `More, from ${hex(start)}`,
    );
    const item = h('li', {}, button);
    return item;
  };
  const items = (start: bigint): HTMLElement[] => {
    const found: HTMLElement[] = [];
    const options = { start: vaddr(start), merge: 'size', budget: BUDGET } as const;
    for (const one of ranges(space.machine, space.memory, space.rootOf(start), options)) {
      if (one.kind === 'cursor') return [...found, more(one.next)];
      if (found.length === ROWS) return [...found, more(one.start)];
      found.push(rangeItem(one, go));
    }
    return found.length ? found : [h('li', {}, 'Nothing is mapped here.')];
  };
  list.append(...items(from));
  return list;
}

function rangeItem(item: Exclude<RangesItem, { kind: 'cursor' }>, go: (addr: bigint) => void): HTMLElement {
  const where = `${hex(item.start)} … ${item.end ? hex(item.end) : '2^64'}`;
  if (item.kind === 'problem') return h('li', { class: 'bad' }, `${where}: ${item.why}`);
  const { user, supervisor, pageSize, paddr, refused } = item;
  const letters = ({ read, write, execute }: typeof user): string =>
    `${read ? 'r' : '-'}${write ? 'w' : '-'}${execute ? 'x' : '-'}`;
  const who = refused ?? `user ${letters(user)}, kernel ${letters(supervisor)}`;
  return h(
    'li',
    {},
    h('button', { type: 'button', click: () => go(item.start) }, where),
    ` ${formatSize(pageSize)} pages at ${hex(paddr)}, ${who}`,
  );
}
