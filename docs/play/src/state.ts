/** What the page shows, as one value; and that value in the address bar, so that a walk can be shared. */
import type { VariantName } from '@kernel-mm/gup-fast';
import type { Access, Neighbour } from '@kernel-mm/pgtable-core';

/** One thing that was done to drawn tables. */
export interface Drawing {
  readonly op: 'map' | 'unmap' | 'protect';
  readonly addr: bigint;
  readonly size: bigint;
  /** Where it is mapped to; of a map. */
  readonly to: bigint;
  /** Some of the letters r, w, x. */
  readonly rights: string;
}

/** Everything that is chosen. What is dropped or pasted is not in it. */
export interface State {
  readonly memory: 'guest' | 'drawn' | 'image';
  readonly guest: string;
  readonly process: number;
  readonly arch: string;
  /** Levels of a drawn process, where they are a process's own. */
  readonly levels: number;
  readonly drawn: readonly Drawing[];
  /** The root register of an image. */
  readonly root: bigint;
  readonly addr: bigint;
  readonly access: Access;
  readonly variant: VariantName;
  readonly neighbour: Neighbour;
  readonly start: bigint;
  readonly end: bigint;
  /** How many reads of the lockless walk are shown. */
  readonly step: number;
}

/** The story of 2020: a process of three levels, and four pages across 2 GiB. */
export const FIRST: State = {
  ...{ memory: 'guest', guest: 's390x-1', process: 0, arch: 's390', levels: 3, root: 0n },
  drawn: [{ op: 'map', addr: 0x7fff_e000n, size: 0x4000n, to: 0x10_0000n, rights: 'rw' }],
  ...{ addr: 0x8000_0000n, access: 'read', variant: 'stackCopy', neighbour: 'same' },
  ...{ start: 0x7fff_e000n, end: 0x8000_2000n, step: 1 },
};

const CHOICES = {
  memory: ['guest', 'drawn', 'image'],
  access: ['read', 'write', 'execute'],
  variant: [
    ...(['stackCopy', 'folded', 'entryAware', 'inlineTyped', 'offsetLockless', 'offsetLocklessStrict'] as const),
    ...(['dummyRead', 'hwPointer', 'readAgain'] as const),
  ],
  neighbour: ['same', 'zero', 'poison', 'garbage'],
} as const satisfies { [K in keyof State]?: readonly State[K][] };

/** A number of 64 bits, in hex or decimal; `undefined` for anything else. */
export function numberOf(text: string): bigint | undefined {
  if (!/^\s*(0x[0-9a-f]{1,16}|\d{1,20})\s*$/i.test(text)) return undefined;
  const value = BigInt(text.trim());
  return value === BigInt.asUintN(64, value) ? value : undefined;
}

export const hex = (value: bigint): string => `0x${value.toString(16)}`;

const wordOf = (value: State[keyof State]): string =>
  typeof value === 'bigint'
    ? hex(value)
    : Array.isArray(value)
      ? value.map(({ op, addr, size, to, rights }) => [op, hex(addr), hex(size), hex(to), rights].join(':')).join(' ')
      : String(value);

/** For the address bar: what is not as at first. */
export const toHash = (state: State): string =>
  new URLSearchParams(
    (Object.keys(FIRST) as (keyof State)[])
      .filter((key) => wordOf(state[key]) !== wordOf(FIRST[key]))
      .map((key) => [key, wordOf(state[key])]),
  ).toString();

/** From the address bar; what is not understood there is as at first. */
export function fromHash(hash: string): State {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  const read = <K extends keyof State>(key: K): State[K] => {
    const text = said.get(key);
    return text === null ? FIRST[key] : ((readValue(key, text) as State[K] | undefined) ?? FIRST[key]);
  };
  return Object.fromEntries((Object.keys(FIRST) as (keyof State)[]).map((key) => [key, read(key)])) as unknown as State;
}

function readValue(key: keyof State, text: string): unknown {
  const first = FIRST[key];
  if (typeof first === 'bigint') return numberOf(text);
  if (typeof first === 'number') return /^\d{1,6}$/.test(text) ? Number(text) : undefined;
  if (key === 'drawn') return text.split(' ').flatMap((one) => drawingOf(one) ?? []);
  const choices: readonly string[] | undefined = CHOICES[key as keyof typeof CHOICES];
  return choices && !choices.includes(text) ? undefined : text;
}

function drawingOf(text: string): Drawing | undefined {
  const [op, ...rest] = text.split(':');
  const [addr, size, to] = rest.slice(0, 3).map(numberOf);
  if ((op !== 'map' && op !== 'unmap' && op !== 'protect') || addr === undefined || size === undefined)
    return undefined;
  return { op, addr, size, to: to ?? 0n, rights: /^[rwx]*$/.test(rest[3] ?? '') ? (rest[3] ?? '') : '' };
}
