/** What can be chosen: memory, access and lockless walk. Controls are built once, and follow the state. */
import { MMU_IDS } from '@kernel-mm/cli/machines';
import { VARIANTS } from '@kernel-mm/gup-fast';
import { choice, fill, h, labelled } from './dom.ts';
import { drawControls } from './draw-controls.ts';
import { definitionControls, imageControls } from './own-controls.ts';
import { type Controls, numberInput, type Page } from './page.ts';
import { hex, numberOf, type State } from './state.ts';

/** Which memory. */
export function memoryControls(page: Page): Controls {
  const kinds = { guest: 'a real guest', drawn: 'tables that you draw', image: 'an image of your own' } as const;
  const radios = (Object.keys(kinds) as State['memory'][]).map((memory) => {
    const input = h('input', {
      type: 'radio',
      name: 'memory',
      value: memory,
      change: () => page.change({ memory, step: 1 }),
    });
    return { memory, input, label: h('label', {}, input, kinds[memory]) };
  });
  const guest = choice(GUESTS, (name) => page.change({ guest: name, process: 0, step: 1 }));
  guest.id = 'guest';
  const process = choice([], (n) => page.change({ process: Number(n), step: 1 }));
  const arch = choice([...MMU_IDS, 'own'], (id) => page.change({ arch: id, step: 1 }));
  const levels = choice(['2', '3', '4', '5'], (n) => page.change({ levels: Number(n), step: 1 }));
  const ofGuest = h('div', { class: 'row' }, labelled('Guest', guest), labelled('Process', process));
  const ofArch = h('div', { class: 'row' }, labelled('Architecture', arch));
  const depth = labelled('Levels', levels);
  const drawing = drawControls(page);
  const image = imageControls(page);
  const own = definitionControls(page);
  const note = h('p', { class: 'note' });
  ofArch.append(depth);
  return {
    element: h(
      'fieldset',
      {},
      h('legend', {}, 'Memory'),
      h('div', { class: 'row' }, ...radios.map(({ label }) => label)),
      ofGuest,
      ofArch,
      drawing.element,
      image.element,
      own,
      note,
    ),
    follow(state, space) {
      for (const { memory, input } of radios) input.checked = memory === state.memory;
      guest.value = state.guest;
      fill(
        process,
        (space?.processes ?? []).map((name, n) => [String(n), name]),
      );
      process.value = String(Math.min(state.process, process.length - 1));
      arch.value = state.arch;
      levels.value = String(Math.min(Math.max(state.levels, 2), 5));
      ofGuest.hidden = state.memory !== 'guest';
      ofArch.hidden = own.hidden = state.memory === 'guest';
      depth.hidden = state.memory !== 'drawn' || state.arch !== 's390';
      drawing.element.hidden = state.memory !== 'drawn';
      image.element.hidden = state.memory !== 'image';
      drawing.follow(state);
      image.follow(state);
      note.textContent = (space?.notes ?? []).join('; ');
    },
  };
}

/** Which access. */
export function accessControls(page: Page): Controls {
  const addr = numberInput((value) => page.change({ addr: value }));
  addr.id = 'addr';
  const access = choice(['read', 'write', 'execute'], (value) => page.change({ access: value as State['access'] }));
  return {
    element: h('div', { class: 'row' }, labelled('Address', addr), labelled('Access', access)),
    follow(state) {
      addr.value = hex(state.addr);
      access.value = state.access;
    },
  };
}

/** Which lockless walk. */
export function locklessControls(page: Page): Controls {
  const variant = choice(Object.keys(VARIANTS), (value) =>
    page.change({ variant: value as State['variant'], step: 1 }),
  );
  variant.id = 'variant';
  const neighbour = choice(['same', 'zero', 'poison', 'garbage'], (value) =>
    page.change({ neighbour: value as State['neighbour'], step: 1 }),
  );
  const start = numberInput((value) => page.change({ start: value, step: 1 }));
  const end = numberInput((value) => page.change({ end: value, step: 1 }));
  const crossing = choice([], (value) => {
    const [from, to] = value.split('-').map(numberOf);
    if (from !== undefined && to !== undefined) page.change({ start: from, end: to, step: 1 });
  });
  const pick = labelled('Ranges that cross an entry', crossing);
  return {
    element: h(
      'div',
      { class: 'row' },
      labelled('Form', variant),
      labelled('Beside the copy', neighbour),
      labelled('From', start),
      labelled('To', end),
      pick,
    ),
    follow(state, space) {
      variant.value = state.variant;
      neighbour.value = state.neighbour;
      start.value = hex(state.start);
      end.value = hex(state.end);
      const ranges = space?.crossing ?? [];
      pick.hidden = ranges.length === 0;
      fill(crossing, [
        ['', 'choose'],
        ...ranges.map(([from, to]): [string, string] => [`${hex(from)}-${hex(to)}`, `${hex(from)} … ${hex(to)}`]),
      ]);
      crossing.value = `${hex(state.start)}-${hex(state.end)}`;
      if (crossing.selectedIndex < 0) crossing.value = '';
    },
  };
}
