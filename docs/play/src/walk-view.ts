/** One access, seen: the address in its bit fields, each entry with its bits named, rights as they dwindle, and the end. */
import {
  type ExplainedStep,
  explain,
  explainEntry,
  explainResult,
  explainTranslation,
  figureOfExplained,
  svg,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { h } from './dom.ts';
import type { Space } from './space.ts';
import { hex, type State } from './state.ts';

/** The picture, the entries, and both readings' ends. */
export function walkView(space: Space, { addr, access }: State): HTMLElement[] {
  const at = vaddr(addr);
  const explained = explain(space.machine, space.memory, { root: space.rootOf(addr), addr: at, access });
  const figure = figureOfExplained(explained);
  const mm = space.mmOf(addr);
  const kernel = walk(mm, at);
  const says = (step: ExplainedStep): string => {
    const seen = kernel.steps.filter(({ slot }) => slot.addr === step.at).at(-1);
    return seen ? explainEntry(mm, seen.level, seen.entry) : 'not read';
  };
  const { result, changes, steps } = explained;
  return [
    h('div', { class: 'bits', role: 'img', 'aria-label': `the bits of ${hex(addr)}` }, [
      ...figure.pieces.map(({ name, hi, lo, value }) =>
        h(
          'span',
          { class: `piece ${name}` },
          h('small', {}, `${name} ${hi}…${lo}`),
          h('b', {}, name === 'offset' ? hex(value) : String(value)),
        ),
      ),
    ]),
    picture(svg(figure)),
    h('ol', { class: 'entries' }, ...steps.map((step) => entryCard(step, says(step)))),
    h(
      'p',
      { class: result.kind === 'address' ? 'good' : 'bad' },
      h('b', {}, 'The MMU: '),
      explainTranslation(access, result),
    ),
    h('p', {}, h('b', {}, 'Linux: '), explainResult(kernel.result)),
    ...(changes.length
      ? [
          h(
            'details',
            {},
            h('summary', {}, 'What would change it'),
            h(
              'ul',
              {},
              ...changes
                .slice(0, 12)
                .map(({ flip, result: then }) =>
                  h(
                    'li',
                    {},
                    `${flip.kind === 'state' ? `${flip.name} = ${flip.value}` : `bit ${flip.bit} of ${flip.kind === 'root' ? 'the root' : `${flip.level}[${flip.index}]`} (${flip.field} = ${flip.value})`}: ${explainTranslation(access, then)}`,
                  ),
                ),
            ),
          ),
        ]
      : []),
  ];
}

/** The drawing that core makes; a picture of its own, so that its text cannot run. */
function picture(drawing: string): HTMLElement {
  const [, label = ''] = /aria-label="([^"]*)"/.exec(drawing) ?? [];
  const image = h('img', { alt: label, src: `data:image/svg+xml,${encodeURIComponent(drawing)}` });
  return h('div', { class: 'drawing', tabindex: '0', role: 'group', 'aria-label': 'The walk as a drawing' }, image);
}

function entryCard(
  { level, index, at, entry, kind, says, fields, taken, left }: ExplainedStep,
  kernel: string,
): HTMLElement {
  const rights = (['read', 'write', 'execute'] as const).map((right) =>
    h('span', { class: left[right] ? 'right' : 'right gone' }, left[right] ? right : `no ${right}`),
  );
  return h(
    'li',
    { class: `entry ${level} ${kind}` },
    h('h3', {}, `${level}[${index}]`),
    h('code', {}, `${hex(at)}: ${hex(entry)}`),
    h('p', {}, `MMU: ${says}`, h('br'), `Linux: ${kernel}`),
    h('p', { class: 'rights' }, ...rights),
    ...taken.map(({ right, why }) => h('p', { class: 'taken' }, `takes ${right}: ${why}`)),
    h(
      'details',
      {},
      h('summary', {}, `${fields.length} named fields`),
      h(
        'dl',
        {},
        ...fields.flatMap(({ name, hi, lo, value }) => [
          h('dt', {}, hi === lo ? `${name} (bit ${hi})` : `${name} (${hi}…${lo})`),
          h('dd', {}, hex(value)),
        ]),
      ),
    ),
  );
}
