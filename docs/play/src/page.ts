/** What every control knows: the page that it changes, and how a number is typed. */
import { h } from './dom.ts';
import type { Extra, Space } from './space.ts';
import { numberOf, type State } from './state.ts';

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

/** For an input that is read when a button is pressed. */
export const nothing = (): void => undefined;

/** A number that is typed; what is none says so and changes nothing. */
export function numberInput(change: (value: bigint) => void): HTMLInputElement {
  const input = h('input', { type: 'text', inputmode: 'text', spellcheck: 'false', autocomplete: 'off', size: '18' });
  input.addEventListener('change', () => {
    const value = numberOf(input.value);
    input.setCustomValidity(value === undefined ? 'a number of 64 bits, in hex or decimal' : '');
    if (value === undefined) input.reportValidity();
    else change(value);
  });
  return input;
}
