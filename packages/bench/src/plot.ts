/** Two plots as SVG that opens anywhere: how the cost of a page grows with a range, and the ratios to native code. */
import type { Result } from './case.ts';

const WIDTH = 720;
const HEIGHT = 360;
const LEFT = 60;
const BOTTOM = 40;
const RIGHT = 190;
const TOP = 34;
const COLOURS = ['#0b6e99', '#c4501b', '#3b7d23', '#7a3b9a', '#9a7b00', '#444444'];

/** A point of a line. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A line of a plot. */
export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
}

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** Lines over a logarithmic x. */
export function plot(title: string, lines: readonly Line[], unit: string): string {
  const points = lines.flatMap((line) => line.points);
  const xs = points.map(({ x }) => Math.log2(x));
  const [low, high] = [Math.min(...xs), Math.max(...xs, Math.min(...xs) + 1)];
  const most = Math.max(...points.map(({ y }) => y), 0.001) * 1.1;
  const px = (x: number): number => LEFT + ((Math.log2(x) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const py = (y: number): number => HEIGHT - BOTTOM - (y / most) * (HEIGHT - BOTTOM - TOP);
  const ticks = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const steps = [0.25, 0.5, 0.75, 1].map((part) => part * most);
  const text = (x: number, y: number, content: string, more = ''): string =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escaped(content)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title><rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(LEFT, 18, title, 'font-size="14"'),
    ...steps.flatMap((y) => [
      `<path d="M${LEFT} ${py(y).toFixed(1)}H${WIDTH - RIGHT}" stroke="#dddddd"/>`,
      text(LEFT - 8, py(y) + 4, y.toFixed(2), 'text-anchor="end"'),
    ]),
    ...ticks.map((x) =>
      text(px(x), HEIGHT - BOTTOM + 18, x >= 1024 ? `${x / 1024}Ki` : String(x), 'text-anchor="middle"'),
    ),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, `pages in a range; ${unit}`, 'text-anchor="middle"'),
    `<path d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}" fill="none" stroke="#444444"/>`,
    ...lines.flatMap(({ name, points: own }, n) => {
      const colour = COLOURS[n % COLOURS.length];
      const path = own.map(({ x, y }, k) => `${k ? 'L' : 'M'}${px(x).toFixed(1)} ${py(y).toFixed(1)}`).join('');
      return [
        `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...own.map(({ x, y }) => `<circle cx="${px(x).toFixed(1)}" cy="${py(y).toFixed(1)}" r="3" fill="${colour}"/>`),
        text(WIDTH - RIGHT + 12, TOP + 16 * n + 8, name, `fill="${colour}"`),
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

/** The two plots of the range walk, by file name. */
export function plots(results: readonly Result[]): Record<string, string> {
  const pins = results.filter((result) => result.group === 'pin' && result.pages !== undefined);
  const series = new Map<string, Result[]>();
  for (const result of pins) {
    const name = result.name.replace(/, \d+ pages/, '');
    series.set(name, [...(series.get(name) ?? []), result]);
  }
  const lines = (value: (result: Result) => number | undefined): Line[] =>
    [...series].map(([name, of]) => ({
      name,
      points: of
        .map((result) => ({ x: result.pages ?? 1, y: value(result) }))
        .filter((point): point is Point => point.y !== undefined)
        .sort((a, b) => a.x - b.x),
    }));
  const compiled = (result: Result) => result.timings.find(({ name }) => name === 'wasm');
  if (!pins.length) return {};
  return {
    'growth.svg': plot(
      'Cost of a page, compiled pinRange',
      lines((result) => compiled(result)?.ns),
      'ns a page, median',
    ),
    ...(pins.every(({ timings }) => timings[0]?.name === 'native C') && {
      'ratios.svg': plot(
        'Compiled pinRange against native C',
        lines((result) => compiled(result)?.ratio),
        'ratio, 1 is native C',
      ),
    }),
  };
}
