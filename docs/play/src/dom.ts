/** Elements in one expression. Text is text: nothing that memory or a file holds becomes markup. */

type Child = Node | string | undefined;
type Props = Readonly<Record<string, string | boolean | ((event: Event) => void) | undefined>>;

/** An element: properties that are functions listen, `true` is an attribute without a value, `undefined` is left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly (Child | readonly Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (typeof value === 'string') element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined));
  return element;
}

/** A control with its label. */
export const labelled = (text: string, control: HTMLElement): HTMLLabelElement => h('label', {}, text, control);

/** A list to choose from. */
export const choice = (options: readonly string[], change: (value: string) => void): HTMLSelectElement => {
  const select = h('select', { change: () => change(select.value) });
  fill(select, options);
  return select;
};

/** Other options; the chosen one stays where it can. */
export function fill(
  select: HTMLSelectElement,
  options: readonly (string | readonly [value: string, text: string])[],
): void {
  const { value } = select;
  const all = options.map((one) => (typeof one === 'string' ? ([one, one] as const) : one));
  select.replaceChildren(...all.map(([key, text]) => h('option', { value: key }, text)));
  if (all.some(([key]) => key === value)) select.value = value;
}
