/** Instructions as nested arrays: the folded form of the text format, as data. */

/** A value type. */
export type Type = 'i32' | 'i64' | 'f64' | 'v128';

/** A constant byte offset of a load or store. */
export interface At {
  readonly offset: number;
}

/**
 * One instruction: its name, then what it takes in the order of the text format. Names of locals, globals, functions
 * and labels begin with `$`. `['block', '$l', …]` and `['loop', '$l', …]` hold instructions, `['if', c, then, else?]`
 * holds two lists of them.
 */
export interface Code extends ReadonlyArray<Operand> {
  readonly 0: string;
}

/** What an instruction takes. */
export type Operand = Code | string | number | bigint | At | readonly Code[] | readonly number[];

/** A function. */
export interface Func {
  readonly name: string;
  readonly params: readonly (readonly [name: string, type: Type])[];
  readonly result?: Type;
  readonly locals: readonly (readonly [name: string, type: Type])[];
  readonly body: readonly Code[];
  /** Whether other modules may call it, by its name without the `$`. */
  readonly exported?: boolean;
}

/** A module that works on an imported memory. */
export interface Module {
  /** Whether the memory is shared between threads. */
  readonly shared: boolean;
  /** Constants that it is given. */
  readonly constants: readonly (readonly [name: string, type: Type])[];
  /** Functions that it is given. */
  readonly imports: readonly Pick<Func, 'name' | 'params' | 'result'>[];
  /** Variables of its own, which others may read. */
  readonly variables: readonly (readonly [name: string, type: Type])[];
  readonly functions: readonly Func[];
}

/** A function's locals, named as they are asked for. */
export class Locals {
  readonly #all = new Map<string, Type>();

  /** A local of this name; the same one for the same name. */
  of(type: Type, name: string): string {
    if ((this.#all.get(name) ?? type) !== type) throw new Error(`${name} is of two types`);
    this.#all.set(name, type);
    return name;
  }

  /** All of them. */
  list(): (readonly [string, Type])[] {
    return [...this.#all];
  }
}

/** The value of a local. */
export const get = (name: string): Code => ['local.get', name];
/** A local's new value. */
export const set = (name: string, value: Code): Code => ['local.set', name, value];
/** A 64-bit constant, modulo 2^64. */
export const i64 = (value: bigint): Code => ['i64.const', BigInt.asIntN(64, value)];
/** A 32-bit constant, modulo 2^32. */
export const i32 = (value: number): Code => ['i32.const', value | 0];
/** Does `then` where the 32-bit `condition` is not 0. What only branches away is a branch. */
export function when(condition: Code, then: readonly Code[], otherwise?: readonly Code[]): Code {
  const [first] = then;
  if (!otherwise && then.length === 1 && first?.[0] === 'br') return ['br_if', first[1] as string, condition];
  return otherwise ? ['if', condition, then, otherwise] : ['if', condition, then];
}
