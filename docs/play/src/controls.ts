/** Everything that can be chosen, typed, drawn, dropped and pasted: controls that are built once and follow the state. */
import { MMU_IDS } from '@kernel-mm/cli/machines';
import { VARIANTS } from '@kernel-mm/gup-fast';
import { choice, fill, h, labelled } from './dom.ts';
import { plain } from './guests.ts';
import { type Extra, inWords, mmuFor, type Space } from './space.ts';
import { type Drawing, hex, numberOf, type State } from './state.ts';

/** What controls do to the page. */
export interface Page {
  state(): State;
  extra(): Extra;
  change(what: Partial<State>): void;
  bring(what: Extra): void;
}

/** Controls, and how they follow the state. */
export interface Controls {
  readonly element: HTMLElement;
  follow(state: State, space?: Space): void;
}

const nothing = (): void => undefined;

/** A number that is typed; what is none says so and changes nothing. */
function numberInput(change: (value: bigint) => void): HTMLInputElement {
  const input = h('input', { type: 'text', inputmode: 'text', spellcheck: 'false', autocomplete: 'off', size: '18' });
  input.addEventListener('change', () => {
    const value = numberOf(input.value);
    input.setCustomValidity(value === undefined ? 'a number of 64 bits, in hex or decimal' : '');
    if (value === undefined) input.reportValidity();
    else change(value);
  });
  return input;
}

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
      process.value = String(state.process);
      arch.value = state.arch;
      levels.value = String(state.levels);
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

function drawControls(page: Page): Controls {
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

function imageControls(page: Page): Controls {
  const root = numberInput((value) => page.change({ root: value, step: 1 }));
  const said = h('output', {});
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    try {
      const image = await plain(new Uint8Array(await file.arrayBuffer()));
      said.textContent = `${file.name}: ${image.length} bytes`;
      page.bring({ image });
    } catch (error) {
      said.textContent = `${file.name}: ${inWords(error)}`;
    }
  };
  const input = h('input', { type: 'file', id: 'image', change: () => void take(input.files?.[0]) });
  const drop = (event: Event): void => {
    event.preventDefault();
    if (event instanceof DragEvent && event.type === 'drop') void take(event.dataTransfer?.files[0]);
  };
  return {
    element: h(
      'div',
      { class: 'drop', dragover: drop, drop },
      labelled('Raw memory from physical 0, plain or gzip: choose it, or drop it here', input),
      labelled('Root register', root),
      said,
    ),
    follow(state) {
      root.value = hex(state.root);
    },
  };
}

function definitionControls(page: Page): HTMLElement {
  const text = h('textarea', { rows: '6', spellcheck: 'false', id: 'definition' });
  const said = h('output', {});
  const use = (): void => {
    try {
      const { arch } = mmuFor('own', { definition: text.value });
      said.textContent = `${arch.id} is used`;
      page.bring({ definition: text.value });
      page.change({ arch: 'own', step: 1 });
    } catch (error) {
      said.textContent = inWords(error);
    }
  };
  return h(
    'details',
    {},
    h('summary', {}, 'A definition of your own'),
    labelled('As JSON (kernel-mm arch show ID --json)', text),
    h('button', { type: 'button', click: use }, 'Use it'),
    said,
  );
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
