/** The binary format: a module's bytes. */
import type { At, Code, Func, Module, Operand, Type } from './code.ts';
import { type Immediate, OPCODES } from './opcodes.ts';

const TYPES: Readonly<Record<Type, number>> = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b };
const EMPTY = 0x40;
const END = 0x0b;
const BLOCKS: ReadonlyMap<string, number> = new Map([
  ['block', 0x02],
  ['loop', 0x03],
]);

/** LEB128 of a whole number that is not negative. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...unsigned(Math.floor(value / 0x80))];
}

/** LEB128 of a whole number of either sign. */
function signed(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const isLast = rest === (low & 0x40 ? -1n : 0n);
  return isLast ? [low] : [low | 0x80, ...signed(rest)];
}

const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
/** Names here are of ASCII letters. */
const text = (name: string): number[] => vector([...name].map((letter) => [letter.charCodeAt(0)]));
const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];

/** A memory may have so many pages at most: 4 GiB. */
const MOST_PAGES = 0x1_0000;

type Signature = Pick<Func, 'params' | 'result'>;

const signature = ({ params, result }: Signature): number[] => [
  0x60,
  ...vector(params.map(([, type]) => [TYPES[type]])),
  ...vector(result ? [[TYPES[result]]] : []),
];

/** The bytes of a module. */
export function encode(module: Module): Uint8Array<ArrayBuffer> {
  const { shared, constants, imports, variables, functions } = module;
  const all = [...imports, ...functions];
  const types = [...new Set(all.map((f) => signature(f).join()))];
  const typeOf = (f: Signature): number[] => unsigned(types.indexOf(signature(f).join()));
  const globals = new Map([...constants, ...variables].map(([name], n) => [name, n]));
  const calls = new Map(all.map(({ name }, n) => [name, n]));
  const exported = functions.filter((f) => f.exported);

  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types.map((type) => type.split(',').map(Number)))),
    ...section(
      2,
      vector([
        [...text('env'), ...text('memory'), 0x02, ...(shared ? [0x03, 0, ...unsigned(MOST_PAGES)] : [0x00, 0])],
        ...constants.map(([name, type]) => [...text('env'), ...text(name.slice(1)), 0x03, TYPES[type], 0]),
        ...imports.map((f) => [...text('env'), ...text(f.name.slice(1)), 0x00, ...typeOf(f)]),
      ]),
    ),
    ...section(3, vector(functions.map(typeOf))),
    ...section(6, vector(variables.map(([, type]) => [TYPES[type], 1, type === 'i64' ? 0x42 : 0x41, 0, END]))),
    ...section(
      7,
      vector([
        ...variables.map(([name], n) => [...text(name.slice(1)), 0x03, ...unsigned(constants.length + n)]),
        ...exported.map(({ name }) => [...text(name.slice(1)), 0x00, ...unsigned(calls.get(name) ?? 0)]),
      ]),
    ),
    ...section(10, vector(functions.map((f) => sized(bodyOf(f, globals, calls))))),
  ]);
}

/** How many bytes a function takes in its module. */
export const sizeOf = (f: Func, { constants, imports, variables, functions }: Module): number =>
  sized(
    bodyOf(
      f,
      new Map([...constants, ...variables].map(([name], n) => [name, n])),
      new Map([...imports, ...functions].map(({ name }, n) => [name, n])),
    ),
  ).length;

type Names = ReadonlyMap<string, number>;

const isCode = (operand: Operand): operand is Code => Array.isArray(operand) && typeof operand[0] === 'string';

function bodyOf({ params, locals, body }: Func, globals: Names, calls: Names): number[] {
  const names = new Map([...params, ...locals].map(([name], n) => [name, n]));
  const out: number[] = [];
  /** The labels of the blocks that an instruction is in, the innermost last. */
  const labels: string[] = [];
  const index = (of: Names, name: unknown): number[] => {
    const n = of.get(String(name));
    if (n === undefined) throw new Error(`no such name: ${String(name)}`);
    return unsigned(n);
  };

  const writeAll = (code: readonly Code[]): void => {
    for (const one of code) write(one);
  };
  const inside = (label: string, code: readonly Code[]): void => {
    labels.push(label);
    writeAll(code);
    labels.pop();
  };

  function write([op, ...operands]: Code): void {
    const block = BLOCKS.get(op);
    if (block !== undefined) {
      const [label, ...code] = operands as unknown as [string, ...Code[]];
      out.push(block, EMPTY);
      inside(label, code);
      out.push(END);
    } else if (op === 'if') {
      const [condition, then, otherwise] = operands as unknown as [Code, readonly Code[], (readonly Code[])?];
      write(condition);
      out.push(0x04, EMPTY);
      inside('', then);
      if (otherwise) {
        out.push(0x05);
        inside('', otherwise);
      }
      out.push(END);
    } else {
      const known = OPCODES.get(op);
      if (!known) throw new Error(`no such instruction: ${op}`);
      writeAll(operands.filter(isCode));
      out.push(
        ...known.bytes,
        ...immediateOf(
          known.takes,
          operands.find((operand) => !isCode(operand)),
        ),
      );
    }
  }

  function immediateOf(takes: Immediate, value: Operand | undefined): readonly number[] {
    switch (takes) {
      case 'none':
        return [];
      case 'local':
        return index(names, value);
      case 'global':
        return index(globals, value);
      case 'func':
        return index(calls, value);
      case 'label':
        return unsigned(depthOf(String(value)));
      case 'i32':
      case 'i64':
        return signed(BigInt(value as number | bigint));
      case 'lane':
        return [value as number];
      case 'lanes':
        return value as readonly number[];
      default:
        return [takes, ...unsigned((value as At | undefined)?.offset ?? 0)];
    }
  }

  /** How many blocks up the one of that label is. */
  function depthOf(label: string): number {
    const at = labels.lastIndexOf(label);
    if (at < 0) throw new Error(`no such label: ${label}`);
    return labels.length - 1 - at;
  }

  writeAll(body);
  return [...vector(runsOf(locals).map(([count, type]) => [...unsigned(count), type])), ...out, END];
}

/** Locals of one type that follow each other are one entry. */
function runsOf(locals: Func['locals']): [count: number, type: number][] {
  const runs: [number, number][] = [];
  for (const [, type] of locals) {
    const last = runs.at(-1);
    if (last?.[1] === TYPES[type]) last[0]++;
    else runs.push([1, TYPES[type]]);
  }
  return runs;
}
