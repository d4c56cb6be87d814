/** The page: one state, controls that change it, and views of what the packages answer to it. */
import { accessControls, type Controls, locklessControls, memoryControls, type Page } from './controls.ts';
import { h } from './dom.ts';
import { listen } from './guests.ts';
import { type Lockless, locklessOf } from './lockless.ts';
import { locklessView, sentenceOf } from './lockless-view.ts';
import { rangesView } from './ranges-view.ts';
import { type Extra, inWords, type Space, spaceOf } from './space.ts';
import { fromHash, toHash } from './state.ts';
import { walkView } from './walk-view.ts';

listen();
let state = fromHash(location.hash);
let extra: Extra = {};
let space: Space | undefined;
let walked: Lockless | undefined;

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
  let next: Space | undefined;
  trouble.textContent = '';
  try {
    next = await spaceOf(state, extra);
  } catch (error) {
    if (turn === shown) trouble.textContent = inWords(error);
  }
  if (turn !== shown) return;
  space = next;
  for (const controls of [memory, access, lockless]) controls.follow(state, space);
  fillIn(walkPanel, (of) => walkView(of, state));
  fillIn(rangesPanel, (of) => [rangesView(of, 0n, (addr) => page.change({ addr }))]);
  walked = undefined;
  fillIn(locklessPanel, (of) => {
    walked = locklessOf(of.mmOf(state.start), state);
    return locklessView(walked, clamped(state.step));
  });
  told.textContent = walked ? sentenceOf(walked, clamped(state.step)) : '';
  document.body.dataset.ready = String(turn);
}

function fillIn(panel: HTMLElement, view: (of: Space) => HTMLElement[]): void {
  try {
    panel.replaceChildren(...(space ? view(space) : []));
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
    go(() => state.step - 1),
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
