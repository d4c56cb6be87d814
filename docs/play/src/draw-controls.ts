/** Tables that are drawn: what is mapped, unmapped and protected, and taken back. */
import { choice, fill, h, labelled } from './dom.ts';
import { type Controls, nothing, numberInput, type Page } from './page.ts';
import { type Drawing, hex, numberOf } from './state.ts';

/** The form, and the list of what was done. */
export function drawControls(page: Page): Controls {
  const inputs = { addr: numberInput(nothing), size: numberInput(nothing), to: numberInput(nothing) };
  Object.assign(inputs.addr, { value: '0x400000' });
  Object.assign(inputs.size, { value: '0x4000' });
  Object.assign(inputs.to, { value: '0x100000' });
  const rights = choice([], nothing);
  fill(rights, [
    ['rw', 'read, write'],
    ['r', 'read'],
    ['rx', 'read, execute'],
    ['rwx', 'all'],
    ['', 'none'],
  ]);
  rights.value = 'rw';
  const draw = (op: Drawing['op']) => () => {
    const [addr, size, to] = [inputs.addr, inputs.size, inputs.to].map(({ value }) => numberOf(value));
    if (addr === undefined || size === undefined || to === undefined) return;
    page.change({ drawn: [...page.state().drawn, { op, addr, size, to, rights: rights.value }], addr, step: 1 });
  };
  const list = h('ol', { class: 'drawn' });
  const buttons = (['map', 'unmap', 'protect'] as const).map((op) =>
    h('button', { type: 'button', click: draw(op) }, op),
  );
  return {
    element: h(
      'div',
      {},
      h(
        'div',
        { class: 'row' },
        labelled('From', inputs.addr),
        labelled('Bytes', inputs.size),
        labelled('To physical', inputs.to),
        labelled('Rights', rights),
        ...buttons,
      ),
      list,
    ),
    follow({ drawn }) {
      list.replaceChildren(
        ...drawn.map(({ op, addr, size, to, rights: letters }, n) => {
          const rest = () => page.change({ drawn: drawn.filter((_, at) => at !== n), step: 1 });
          const says =
            op === 'map'
              ? `${hex(addr)} + ${hex(size)} to ${hex(to)}, ${letters || 'no rights'}`
              : op === 'unmap'
                ? `${hex(addr)} + ${hex(size)}`
                : `${hex(addr)} + ${hex(size)}: ${letters || 'no rights'}`;
          const go = h('button', { type: 'button', click: () => page.change({ addr }) }, `${op} ${says}`);
          return h(
            'li',
            {},
            go,
            h('button', { type: 'button', 'aria-label': `take back ${op} ${says}`, click: rest }, '×'),
          );
        }),
      );
    },
  };
}
