/** The demo for people: a cell for each page, the wrong page's walk as a picture, and one sentence at the end. */

import { formatStop, VARIANTS, type VariantName } from '@kernel-mm/gup-fast';
import { formatSize, type Mm, picture, pictureOf, walk } from '@kernel-mm/pgtable-core';
import type { Painter } from '../painter.ts';
import { crosses } from '../present-runs.ts';
import type { DemoFindings, ProcessFindings } from './demo.ts';
import { NAMES, type PageFinding, type RangeFinding } from './findings.ts';
import { pathTo } from './path.ts';

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** The whole demo as text. */
export function demoText(found: DemoFindings, paint: Painter): string {
  const { title, truth, processes } = found;
  return [
    `${title}, walked by gup_fast in ${COUNT} forms.`,
    legend(truth, paint),
    ...processes.map((process) => processText(process, paint)),
    wrongWalk(found, paint),
    sentence(found),
  ].join('\n\n');
}

const legend = (truth: string, paint: Painter): string =>
  [
    'Each cell is a page, | the boundary that is crossed:',
    `  ${paint('right', 'right')}   the frame that ${truth} names (${paint('lucky', 'right*')}: by luck, after a stack read)`,
    `  ${paint('wrong', '✗ADDR')}   the page of ADDR instead`,
    `  ${paint('stack-read', 'stack')}   a read of stack beside the copy, which led to no page`,
    `  ${paint('stopped', 'stop')}    nothing there: the slow path's turn; · behind it`,
  ].join('\n');

function processText({ name, levels, mm, sizes, topSize, ranges }: ProcessFindings, paint: Painter): string {
  const title = `process ${name}: ${levels} levels, one entry of its top table covers ${formatSize(topSize)}`;
  const shown = ranges.map((range) => rangeText(mm, sizes, range, paint));
  return [paint('title', title), ...shown].join('\n');
}

function rangeText(mm: Mm, sizes: readonly bigint[], range: RangeFinding, paint: Painter): string {
  const { start, end, region } = range;
  const crossed = sizes.find((size) => crosses(start, end, size));
  const across = crossed ? ` across a multiple of ${formatSize(crossed)}` : '';
  const head = `  ${hex(start)} … ${end ? hex(end) : '2^64'}${region && ` (${region})`}${across}`;
  const lines = groups(range).map(
    ([names, pages]) => `    ${label(names).padEnd(22)} ${cells(mm, sizes, pages, paint)}`,
  );
  return [head, ...lines].join('\n');
}

/** Variants with the same findings share a line. */
function groups({ variants }: RangeFinding): [VariantName[], readonly PageFinding[]][] {
  const byFindings = new Map<string, VariantName[]>();
  for (const name of NAMES) {
    const key = variants[name].map(({ status, got }) => `${status}${got}`).join();
    byFindings.set(key, [...(byFindings.get(key) ?? []), name]);
  }
  return [...byFindings.values()].map((names) => [names, variants[names[0] ?? 'stackCopy']]);
}

const WORDS = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const wordOf = (n: number): string => WORDS[n] ?? String(n);
/** How many forms there are, in a word. */
const COUNT = wordOf(NAMES.length);
const label = (names: readonly VariantName[]): string =>
  names.length === NAMES.length
    ? `all ${COUNT}`
    : names.length > 2
      ? `the other ${wordOf(names.length)}`
      : names.join(', ');

/** The pages in a row, with a bar where the largest crossed boundary lies. */
function cells(mm: Mm, sizes: readonly bigint[], pages: readonly PageFinding[], paint: Painter): string {
  const first = pages[0]?.addr ?? 0n;
  const crossed = sizes.find((size) => pages.some(({ addr }) => addr !== first && addr % size === 0n)) ?? 0n;
  const most = 16;
  const shown = pages.slice(0, most).map((page) => {
    const bar = crossed && page.addr !== first && page.addr % crossed === 0n ? '| ' : '';
    return bar + paint(page.status, cell(page));
  });
  const more =
    pages.length > most ? ` … and ${pages.length - most} more of ${formatSize(mm.arch.geometry.pte.size)}` : '';
  const stop = pages.find((page) => page.stop)?.stop;
  return shown.join(' ') + more + (stop ? paint('unreached', `   ${formatStop(stop)}`) : '');
}

function cell({ status, victim }: PageFinding): string {
  switch (status) {
    case 'wrong':
      return victim === undefined ? '✗?' : `✗${hex(victim)}`;
    case 'stack-read':
      return 'stack';
    case 'stopped':
      return 'stop';
    case 'unreached':
      return '·';
    case 'lucky':
      return 'right*';
    default:
      return 'right';
  }
}

/** The first wrong page: where the walk went, and where it should have gone. */
function wrongWalk({ processes, neighbour }: DemoFindings, paint: Painter): string {
  for (const { name, mm, ranges } of processes)
    for (const range of ranges)
      for (const variant of NAMES) {
        const page = range.variants[variant].find(({ status }) => status === 'wrong');
        if (!page) continue;
        const path = pathTo(mm, VARIANTS[variant].stepper, [range.start, range.end], neighbour, page.addr);
        return [
          paint('title', `How ${variant} came to the wrong page for ${hex(page.addr)} in ${name}:`),
          picture(mm, path),
          paint('title', 'and the walk of that address alone:'),
          pictureOf(mm, walk(mm, page.addr)),
        ].join('\n');
      }
  return paint('title', 'No variant reached a wrong page here.');
}

/** What the reader saw, from the counts. */
function sentence({ truth, processes }: DemoFindings): string {
  const pages = processes.flatMap(({ ranges }) => ranges.flatMap(({ variants }) => Object.entries(variants)));
  const count = (name: string, status: PageFinding['status']): number =>
    pages
      .filter(([variant]) => variant === name)
      .flatMap(([, of]) => of)
      .filter((page) => page.status === status).length;
  const strayed = NAMES.filter((name) => count(name, 'wrong') + count(name, 'lucky') + count(name, 'stack-read') > 0);
  const all = pages.filter(([name]) => name === 'folded').reduce((n, [, of]) => n + of.length, 0);
  const wrong = strayed.reduce((n, name) => n + count(name, 'wrong'), 0);
  const safe = NAMES.filter((name) => count(name, 'right') === all).length;
  if (strayed.length === 0)
    return safe === NAMES.length
      ? `You saw all ${COUNT} forms reach each of ${all} pages as ${truth} has them: no walk advanced a pointer on its stack.`
      : `You saw no form step off a copy on its stack; not every one of the ${all} pages is there to be reached.`;
  return (
    `You saw ${strayed.join(', ')}, the walker of Linux v5.2 to v5.9-rc6, step off the stack copy of an entry wherever a range crosses ` +
    `what one entry of the top table covers, and return ${wrong} pages of other addresses, while ${safe} other forms returned all ${all} ` +
    `pages that ${truth} names.`
  );
}
