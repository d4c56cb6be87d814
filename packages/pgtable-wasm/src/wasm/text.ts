/** The text format: a module for people, and for any assembler. */
import type { At, Code, Func, Module, Operand, Type } from './code.ts';

const isCode = (operand: Operand): operand is Code => Array.isArray(operand) && typeof operand[0] === 'string';
/** Lines no longer than this stay one. */
const WIDTH = 100;

/** A module in the text format. */
export function toText({ shared, constants, imports, variables, functions }: Module): string {
  return [
    '(module',
    `  (import "env" "memory" (memory 0${shared ? ' 65536 shared' : ''}))`,
    ...constants.map(([name, type]) => `  (import "env" "${name.slice(1)}" (global ${name} ${type}))`),
    ...imports.map((f) => `  (import "env" "${f.name.slice(1)}" (func ${f.name}${signature(f)}))`),
    ...variables.map(([name, type]) => `  (global ${name} (mut ${type}) (${type}.const 0))`),
    ...variables.map(([name]) => `  (export "${name.slice(1)}" (global ${name}))`),
    ...functions.filter((f) => f.exported).map(({ name }) => `  (export "${name.slice(1)}" (func ${name}))`),
    ...functions.flatMap((f) => [
      `  (func ${f.name}${signature(f)}`,
      ...locals(f.locals),
      ...f.body.flatMap((code) => lines(code, 2)),
      '  )',
    ]),
    ')',
  ].join('\n');
}

const signature = ({ params, result }: Pick<Func, 'params' | 'result'>): string =>
  params.map(([name, type]) => ` (param ${name} ${type})`).join('') + (result ? ` (result ${result})` : '');

const locals = (all: readonly (readonly [string, Type])[]): string[] =>
  all.map(([name, type]) => `    (local ${name} ${type})`);

/** An instruction on one line where it fits, else what it holds below it. */
function lines(code: Code, depth: number): string[] {
  const pad = '  '.repeat(depth);
  const [op, ...operands] = code;
  if (op === 'if') {
    const [condition, then, otherwise] = operands as unknown as [Code, readonly Code[], (readonly Code[])?];
    return [
      `${pad}(if`,
      ...lines(condition, depth + 1),
      ...list('then', then, depth + 1),
      ...(otherwise ? list('else', otherwise, depth + 1) : []),
      `${pad})`,
    ];
  }
  if (op !== 'block' && op !== 'loop') {
    const short = inline(code);
    if (pad.length + short.length <= WIDTH) return [pad + short];
  }
  const head = operands.filter((operand) => !isCode(operand)).map(word);
  const inside = operands.filter(isCode);
  return [`${pad}(${[op, ...head].join(' ')}`, ...inside.flatMap((one) => lines(one, depth + 1)), `${pad})`];
}

const list = (name: string, code: readonly Code[], depth: number): string[] => {
  const pad = '  '.repeat(depth);
  return [`${pad}(${name}`, ...code.flatMap((one) => lines(one, depth + 1)), `${pad})`];
};

const inline = ([op, ...operands]: Code): string =>
  `(${[op, ...operands.map((operand) => (isCode(operand) ? inline(operand) : word(operand)))].join(' ')})`;

function word(operand: Operand): string {
  if (Array.isArray(operand)) return operand.join(' ');
  return typeof operand === 'object' ? `offset=${(operand as At).offset}` : String(operand);
}
