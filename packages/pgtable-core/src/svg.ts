/** A walk as a picture: one SVG that stands alone, without scripts, style sheets or fonts of its own. */
import type { Figure, FigureTable } from './figure.ts';
import type { AddressPiece } from './split.ts';
import { hex, wrapped } from './tell.ts';
import { type Attributes, element, escaped } from './xml.ts';

// Pixels. A table is a tall box; the slot that was used is a small one in it, as far down as its index says.
const MARGIN = 20;
const LETTER = 7.25;
const LINE = 17;
const SPLIT = { top: 52, height: 44 };
const TABLE = { top: 156, width: 148, height: 176, pitch: 204 };
const SLOT = { width: 140, height: 40 };
const MIDDLE = TABLE.top + TABLE.height / 2;
const [INK, FAINT] = ['#1f2933', '#9aa5b1'];
const FILL = { paper: '#ffffff', table: '#f5f7fa', used: '#d6e9ff', memory: '#d3f5dc', fault: '#ffdcdc' };

/** The drawing of a walk as a whole SVG document. The same figure always gives the same text. */
export function svg({ title, pieces, tables, end, text }: Figure): string {
  const lines = text.split('\n');
  const bottom = TABLE.top + TABLE.height + 56;
  const parts = placed(pieces);
  const right = [
    ...parts.map(({ x, width }) => x + width),
    ...lines.map((line) => MARGIN + line.length * LETTER),
    leftOf(tables.length) + TABLE.width,
  ];
  const [width, height] = [Math.ceil(Math.max(...right)) + MARGIN, bottom + lines.length * LINE];
  return element(
    'svg',
    {
      ...{ xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height },
      ...{ role: 'img', 'aria-label': title, 'font-size': 12, fill: INK },
      'font-family': "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace",
    },
    element('title', {}, escaped(title)),
    element('desc', {}, escaped(text)),
    element('rect', { width, height, fill: FILL.paper }),
    words(MARGIN, 32, title, { 'font-size': 15, 'font-weight': 'bold' }),
    ...tables.map(({ piece = -1 }, n) => guide(parts[piece], leftOf(n) + TABLE.width / 2)),
    ...parts.map(pieceBox),
    ...tables.map((table, n) => arrow(table, tables[n + 1], leftOf(n))),
    ...tables.map((table, n) => tableBox(table, leftOf(n))),
    endBox(end, leftOf(tables.length)),
    ...lines.map((line, n) => words(MARGIN, bottom + n * LINE, line, { 'xml:space': 'preserve' })),
  );
}

const leftOf = (n: number): number => MARGIN + n * TABLE.pitch;

/** Where a slot lies in its table; that of a folded level has no table around it. */
function topOf({ folded, index, slots }: FigureTable): number {
  if (folded) return MIDDLE - SLOT.height / 2;
  const depth = Math.min(index / Math.max(slots - 1, 1), 1);
  return TABLE.top + 4 + Math.round(depth * (TABLE.height - SLOT.height - 8));
}

interface Part extends AddressPiece {
  readonly x: number;
  readonly width: number;
  readonly texts: readonly [string, string];
}

/** The pieces of the address in a row, each as wide as its words. */
function placed(pieces: readonly AddressPiece[]): Part[] {
  let x = MARGIN;
  return pieces.map((piece) => {
    const { name, hi, lo, value } = piece;
    const isIndex = name !== 'offset' && name !== 'above';
    const texts = [`${name} ${hi}…${lo}`, isIndex ? `[${value}]` : hex(value)] as const;
    const width = Math.ceil(Math.max(...texts.map(({ length }) => length)) * LETTER) + 16;
    x += width;
    return { ...piece, x: x - width, width, texts };
  });
}

function pieceBox({ name, x, width, texts }: Part): string {
  const fill = name === 'above' ? FILL.table : name === 'offset' ? FILL.memory : FILL.used;
  const at = x + width / 2;
  return element(
    'g',
    { class: 'piece' },
    box(x, SPLIT.top, width, SPLIT.height, { fill }),
    words(at, SPLIT.top + 18, texts[0], CENTRED),
    words(at, SPLIT.top + 35, texts[1], { ...CENTRED, 'font-weight': 'bold' }),
  );
}

function tableBox(table: FigureTable, x: number): string {
  const { level, folded, slots, index, entry } = table;
  const [at, y] = [x + TABLE.width / 2, topOf(table)];
  const head = folded ? y : TABLE.top;
  return element(
    'g',
    { class: folded ? 'folded' : 'table' },
    words(at, head - 22, level, { ...CENTRED, 'font-size': 14, 'font-weight': 'bold' }),
    words(at, head - 7, folded ? 'folded: no table' : `${slots} slots`, CENTRED),
    folded ? '' : box(x, TABLE.top, TABLE.width, TABLE.height, { fill: FILL.table }),
    box(
      x + 4,
      y,
      SLOT.width,
      SLOT.height,
      folded ? { fill: FILL.paper, 'stroke-dasharray': '5 4' } : { fill: FILL.used },
    ),
    words(at, y + 17, `[${index}]`, { ...CENTRED, 'font-weight': 'bold' }),
    words(at, y + 33, hex(entry), CENTRED),
  );
}

function endBox({ kind, words: said }: Figure['end'], x: number): string {
  const lines = wrapped(said, Math.floor(TABLE.width / LETTER) - 2);
  const height = lines.length * LINE + 16;
  const top = MIDDLE - height / 2;
  return element(
    'g',
    { class: kind },
    box(x, top, TABLE.width, height, { fill: FILL[kind] }),
    ...lines.map((line, n) => words(x + TABLE.width / 2, top + 20 + n * LINE, line, CENTRED)),
  );
}

/** From a piece of the address down to the table that it indexes. */
function guide(part: Part | undefined, x: number): string {
  if (!part) return '';
  const [from, y, to] = [part.x + part.width / 2, SPLIT.top + SPLIT.height, TABLE.top - 38];
  return path(`M${from} ${y}C${from} ${y + 20} ${x} ${to - 20} ${x} ${to}`, { stroke: FAINT });
}

/** From a slot to the table below it, to the slot of a folded level, or to the end. */
function arrow(table: FigureTable, next: FigureTable | undefined, left: number): string {
  const [x, y] = [left + TABLE.width, topOf(table) + SLOT.height / 2];
  const [to, down] = [left + TABLE.pitch, next ? (next.folded ? MIDDLE : TABLE.top + 8) : MIDDLE];
  return (
    path(`M${x} ${y}C${x + 30} ${y} ${to - 36} ${down} ${to - 7} ${down}`, { stroke: INK }) +
    path(`M${to} ${down}l-8 -4v8z`, { fill: INK })
  );
}

const CENTRED: Attributes = { 'text-anchor': 'middle' };

const box = (x: number, y: number, width: number, height: number, more: Attributes): string =>
  element('rect', { x, y, width, height, rx: 4, stroke: INK, ...more });
const words = (x: number, y: number, text: string, more: Attributes): string =>
  element('text', { x, y, ...more }, escaped(text));
const path = (d: string, more: Attributes): string =>
  element('path', { d, fill: 'none', 'stroke-width': 1.5, ...more });
