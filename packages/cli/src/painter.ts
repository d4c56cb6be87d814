/** Colours by meaning, and none where the output is no terminal. */
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

/** The painter for a terminal, or for anything else. */
export const painter =
  (coloured: boolean): Painter =>
  (meaning, text) => {
    const colour = COLOURS[meaning];
    return coloured && colour ? styleText(colour, text, { validateStream: false }) : text;
  };
