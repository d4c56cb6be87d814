/** Colours by meaning, and none where the output is no terminal. */
import { randomUUID } from 'node:crypto';
import { styleText } from 'node:util';

/** Paints text by what it means; a meaning that has no colour leaves it plain. */
export type Painter = (meaning: string, text: string) => string;

const COLOURS: Readonly<Record<string, Parameters<typeof styleText>[0]>> = {
  title: 'bold',
  right: 'green',
  lucky: 'cyan',
  wrong: 'red',
  'stack-read': 'magenta',
  stopped: 'yellow',
  unreached: 'dim',
};

/** No text from outside can have it: so that colours are told from escape letters of somebody else. */
const KEY = randomUUID();
const MARK = new RegExp(`<${KEY} ([\\w-]+)>([\\s\\S]*?)</${KEY}>`, 'g');

/** The painter for a terminal, or for anything else. What it paints is marked; {@link coloured} makes colours of the marks. */
export const painter =
  (isTerminal: boolean): Painter =>
  (meaning, text) =>
    isTerminal && COLOURS[meaning] ? `<${KEY} ${meaning}>${text}</${KEY}>` : text;

/** The text with its marks as colours: the last that is done to it. */
export const coloured = (text: string): string =>
  text.replace(MARK, (_, meaning: string, inner: string) =>
    styleText(COLOURS[meaning] ?? 'reset', inner, { validateStream: false }),
  );
