/** The edge to a terminal: letters that act on it are made visible, and messages have an end. */

/** Controls, format letters (bidi marks, joiners), separators of lines and paragraphs, halves of surrogate pairs. */
const ACTING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A letter as JSON escapes it: what was JSON stays JSON, and means the same. */
const escaped = (letter: string): string =>
  letter
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');

/** Text of several lines: everything that acts is made visible, but for the ends of its own lines. */
export const visible = (text: string): string =>
  text.replace(ACTING, (letter) => (letter === '\n' ? '\n' : escaped(letter)));

/** Letters of a message that are printed. */
const MESSAGE = 600;

/** A message as one line, cut where it is too long to be read. */
export function oneLine(message: string): string {
  const line = message
    .slice(0, 2 * MESSAGE)
    .replace(/[^\S\r]*\n\s*/g, ' ')
    .trim();
  const isCut = message.length > 2 * MESSAGE || line.length > MESSAGE;
  return visible(isCut ? `${line.slice(0, MESSAGE)}… (${message.length} letters)` : line);
}
