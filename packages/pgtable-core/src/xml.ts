/** XML as text: elements, attributes and text, escaped. */

/** The attributes of an element. */
export type Attributes = Readonly<Record<string, string | number>>;

/** An element with its children, which are XML already. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const said = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return `<${name}${said.join('')}>${children.join('')}</${name}>`;
}

/** Text with what XML must not hold bare escaped, and what it cannot hold at all replaced. */
export const escaped = (text: string): string =>
  text
    .replace(/[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
