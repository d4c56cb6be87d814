/** The lockless walk, read by read: the reads so far, the walker's stack, and what both oracles say at the end. */
import { LEVELS, STACK } from '@kernel-mm/pgtable-core';
import { h } from './dom.ts';
import { copiesAt, type Lockless, type Read } from './lockless.ts';
import { hex } from './state.ts';

/** The reads up to `step`, of which the last is the one that is shown. */
export function locklessView(walk: Lockless, step: number): HTMLElement[] {
  const shown = walk.reads.slice(0, step);
  return [
    h('div', { class: 'beside' }, readsTable(shown), stackTable(walk, step)),
    ...(step >= walk.reads.length ? [verdict(walk)] : []),
  ];
}

/** The read in a sentence, for who hears the page. */
export function sentenceOf({ reads }: Lockless, step: number): string {
  const read = reads[step - 1];
  if (!read) return reads.length ? `${reads.length} reads to step through.` : 'Nothing is read.';
  const { slot, entry, pointer, says, right } = read;
  const value = entry === undefined ? 'nothing' : hex(entry);
  const wrong = right ? '' : ' This is not where a walk of that address alone reads.';
  return `Read ${step} of ${reads.length}: ${slot.level} by ${pointer}, at ${place(read)}: ${value}, ${says}.${wrong}`;
}

const place = ({ slot }: Read): string => `${slot.space === 'stack' ? 'stack ' : ''}${hex(slot.addr)}`;

const row = (cells: readonly string[], kind: 'th' | 'td', props = {}): HTMLElement =>
  h('tr', props, ...cells.map((cell) => (kind === 'th' ? h('th', { scope: 'col' }, cell) : h('td', {}, cell))));

function readsTable(reads: readonly Read[]): HTMLElement {
  const rows = reads.map((read, n) => {
    const { slot, entry, pointer, addr, says, right } = read;
    const where = right ? place(read) : `${place(read)} ✗`;
    const cells = [String(n + 1), slot.level, pointer, where, entry === undefined ? '' : hex(entry), says];
    const isStack = slot.space === 'stack' ? ' stack' : '';
    return row(cells, 'td', {
      class: `${slot.level}${isStack}${right ? '' : ' wrong'}${n === reads.length - 1 ? ' now' : ''}`,
      title: addr === undefined ? undefined : `for ${hex(addr)}`,
    });
  });
  const head = h('thead', {}, row(['', 'level', 'pointer', 'at', 'entry', 'which says'], 'th'));
  const table = h('table', {}, h('caption', {}, 'What was read'), head, h('tbody', {}, ...rows));
  return h('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'What was read' }, table);
}

/** The copies, the eight bytes behind each, and where the pointer points. */
function stackTable({ reads }: Lockless, step: number): HTMLElement {
  const copies = copiesAt(reads, step);
  const pointer = reads[step - 1]?.slot;
  const points = (at: bigint): string => (pointer?.space === 'stack' && pointer.addr === at ? '◀ pointer' : '');
  const cells = LEVELS.slice(0, 4).flatMap((level, n) => {
    const copy = copies.find((one) => one.level === level);
    const at = STACK.copy(n);
    const rows = [[`&${level}`, hex(at), copy ? hex(copy.value) : 'no copy yet', points(at)]];
    const behind = points(at + 8n);
    return behind ? [...rows, [`&${level} + 8`, hex(at + 8n), 'no copy: whatever lies there', behind]] : rows;
  });
  const rows = cells.map((cell) =>
    row(cell, 'td', { class: cell[0]?.includes('+') ? 'wrong now' : cell[3] ? 'now' : '' }),
  );
  const head = h('thead', {}, row(['copy', 'at', 'holds', ''], 'th'));
  const table = h('table', {}, h('caption', {}, 'The walker’s stack'), head, h('tbody', {}, ...rows));
  return h('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'The walker’s stack' }, table);
}

function verdict({ pages, stop, addressCorrect, law }: Lockless): HTMLElement {
  return h(
    'div',
    { class: addressCorrect ? 'good' : 'bad', id: 'verdict' },
    h('p', {}, `${pages} pages${stop ? `, then it stopped: ${stop}` : ''}.`),
    h(
      'p',
      {},
      addressCorrect
        ? 'Every entry was read where a walk of its address alone reads it.'
        : 'An entry was read where no walk of its address alone reads.',
    ),
    h(
      'p',
      {},
      law
        ? 'The page-table law was kept.'
        : 'The page-table law was broken: slot + 1 was not what pXd_offset of the parent gives.',
    ),
  );
}
