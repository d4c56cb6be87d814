/** The page: one state, controls that change it, and views of what the packages answer to it. */
import { accessControls, locklessControls, memoryControls } from './controls.ts';
import { h } from './dom.ts';
import { listen } from './guests.ts';
import { type Lockless, locklessOf } from './lockless.ts';
import { locklessView, sentenceOf } from './lockless-view.ts';
import type { Controls, Page } from './page.ts';
import { rangesView } from './ranges-view.ts';
import { type Extra, inWords, type Space, spaceOf } from './space.ts';
import { FIRST, fromHash, toHash } from './state.ts';
import { walkView } from './walk-view.ts';

listen();
let state = fromHash(location.hash);
let extra: Extra = {};
/** How often something was dropped or pasted. */
let brought = 0;
let made: { readonly where: string; readonly space?: Space; readonly trouble: string } = { where: '', trouble: '' };
let walked: Lockless | undefined;
const filled = new WeakMap<HTMLElement, string>();

const page: Page = {
  state: () => state,
  extra: () => extra,
  change(what) {
    state = { ...state, ...what };
    history.replaceState(null, '', `#${toHash(state)}`);
    void show();
  },
  bring(what) {
    extra = { ...extra, ...what };
    brought++;
    void show();
  },
};

const memory = memoryControls(page);
const access = accessControls(page);
const lockless = locklessControls(page);
const walkPanel = h('div', { class: 'walk' });
const rangesPanel = h('div', {});
const locklessPanel = h('div', {});
const told = h('p', { role: 'status', 'aria-live': 'polite', class: 'told' });
const trouble = h('p', { role: 'alert', class: 'bad' });
const steps = stepButtons();

document
  .querySelector('#page')
  ?.append(
    section('Where', memory, trouble),
    section('Walk one address', access, walkPanel),
    section('What is mapped', undefined, rangesPanel),
    section('Step gup_fast', lockless, steps, told, locklessPanel),
  );

function section(title: string, controls: Controls | undefined, ...parts: HTMLElement[]): HTMLElement {
  return h('section', { 'aria-label': title }, h('h2', {}, title), controls?.element, ...parts);
}

let shown = 0;
/** Shows the state; a newer call overtakes. What cannot be shown says why. */
async function show(): Promise<void> {
  const turn = ++shown;
  const where = whereOf();
  if (where !== made.where) {
    const found = await spaceOf(state, extra).catch(inWords);
    if (turn !== shown) return;
    made = typeof found === 'string' ? { where, trouble: found } : { where, space: found, trouble: '' };
  }
  trouble.textContent = made.trouble;
  if (!made.space) walked = undefined;
  for (const controls of [memory, access, lockless]) controls.follow(state, made.space);
  fillIn(walkPanel, `${where} ${state.addr} ${state.access}`, (of) => walkView(of, state));
  fillIn(rangesPanel, where, (of) => [rangesView(of, 0n, (addr) => page.change({ addr }))]);
  fillIn(locklessPanel, `${where} ${toHash(state)}`, (of) => {
    walked = undefined;
    walked = locklessOf(of.mmOf(state.start), state);
    return locklessView(walked, clamped(state.step));
  });
  told.textContent = walked ? sentenceOf(walked, clamped(state.step)) : '';
  document.body.dataset.ready = String(turn);
}

/** What an address space is made of: while that is the same, nothing is made again. */
function whereOf(): string {
  const { memory: kind, guest, process, arch, levels, drawn, root } = state;
  return `${toHash({ ...FIRST, memory: kind, guest, process, arch, levels, drawn, root })} ${brought}`;
}

/** A panel is filled where its key has changed; what is open or has the focus in it stays otherwise. */
function fillIn(panel: HTMLElement, key: string, view: (of: Space) => HTMLElement[]): void {
  if (filled.get(panel) === key) return;
  filled.set(panel, key);
  try {
    panel.replaceChildren(...(made.space ? view(made.space) : []));
  } catch (error) {
    panel.replaceChildren(h('p', { class: 'bad' }, inWords(error)));
  }
}

function clamped(step: number): number {
  return Math.max(0, Math.min(step, walked?.reads.length ?? 0));
}

function stepButtons(): HTMLElement {
  const go = (step: () => number) => (): void => page.change({ step: clamped(step()) });
  const [first, back, next, last] = [
    go(() => 0),
    go(() => clamped(state.step) - 1),
    go(() => clamped(state.step) + 1),
    go(() => walked?.reads.length ?? 0),
  ];
  let timer: ReturnType<typeof setInterval> | undefined;
  const play = h('button', { type: 'button', click: () => (timer === undefined ? start() : stop()) }, 'Play');
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
    play.textContent = 'Play';
  };
  const start = (): void => {
    play.textContent = 'Pause';
    timer = setInterval(() => (clamped(state.step) >= (walked?.reads.length ?? 0) ? stop() : next()), 900);
  };
  const keys: Readonly<Record<string, () => void>> = { ArrowLeft: back, ArrowRight: next, Home: first, End: last };
  const press = (event: Event): void => {
    const act = event instanceof KeyboardEvent ? keys[event.key] : undefined;
    if (!act) return;
    event.preventDefault();
    act();
  };
  const button = (text: string, click: () => void): HTMLElement => h('button', { type: 'button', click }, text);
  return h(
    'div',
    { class: 'row', role: 'toolbar', 'aria-label': 'Steps: arrow keys, Home and End', keydown: press },
    ...[button('First', first), button('Back', back), button('Next', next), play, button('To the end', last)],
  );
}

const theme = document.querySelector('#theme');
const chosen = document.documentElement.dataset;
const isDark = (): boolean =>
  (chosen.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : '')) === 'dark';
function nameTheme(): void {
  theme?.replaceChildren(isDark() ? 'Light' : 'Dark');
}
theme?.addEventListener('click', () => {
  chosen.theme = isDark() ? 'light' : 'dark';
  nameTheme();
});
nameTheme();
addEventListener('hashchange', () => {
  state = fromHash(location.hash);
  void show();
});
void show();
