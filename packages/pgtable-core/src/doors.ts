/** What a door is handed: machines, spaces and options are what their types say, or a UsageError. Walkers behind it trust. */
import { word } from './brand.ts';
import { kindOf, UsageError } from './errors.ts';
import type { Arch } from './geometry.ts';
import type { Memory } from './memory.ts';

const refuse = (name: string, expected: string, value: unknown): never => {
  throw new UsageError('argument', name, `${expected}, not ${kindOf(value)}`);
};

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** Refuses what lacks a part; which parts a copy has made others of is its maker's affair. @throws {@link UsageError} `argument` */
export function checkParts(name: string, expected: string, value: object, ...parts: readonly string[]): void {
  const own = value as Readonly<Record<string, unknown>>;
  if (!isObject(value) || !parts.every((part) => isObject(own[part]))) refuse(name, expected, value);
}

/** Refuses what is not of the kind that `defineArch` makes. @throws {@link UsageError} `argument` */
export const checkArch = (arch: Arch): void =>
  checkParts('arch', 'what defineArch makes', arch, 'spec', 'geometry', 'rules');

/** Refuses what cannot be read and written. @throws {@link UsageError} `argument` */
export function checkMemory(memory: Memory): void {
  if (typeof memory?.read !== 'function' || typeof memory.write !== 'function')
    refuse('memory', 'a memory, with read and write', memory);
}

/** Refuses what is no address space. @throws {@link UsageError} `argument`, `address-range` */
export function checkMm(mm: {
  readonly arch: Arch;
  readonly memory: Memory;
  readonly pgd: bigint;
  readonly root?: bigint;
}): void {
  checkObject('mm', mm);
  checkArch(mm.arch);
  checkMemory(mm.memory);
  word('mm.pgd', mm.pgd);
  if (mm.root !== undefined) word('mm.root', mm.root);
}

/** Refuses what has no parts. @throws {@link UsageError} `argument` */
export function checkObject(name: string, value: object): void {
  if (!isObject(value)) refuse(name, 'an object', value);
}

/** Refuses what cannot be called. @throws {@link UsageError} `argument` */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') refuse(name, 'a function', value);
}

/** Refuses a value that is none of these. @throws {@link UsageError} `argument` */
export function checkOneOf(name: string, value: unknown, of: readonly unknown[]): void {
  if (!of.includes(value)) {
    const said = ['string', 'number'].includes(typeof value) ? String(value).slice(0, 40) : kindOf(value);
    throw new UsageError('argument', name, `one of ${of.join(', ')}, not ${said}`);
  }
}

/** Refuses what is neither true nor false, where it is said. @throws {@link UsageError} `argument` */
export function checkFlags<T extends object>(of: T, ...names: readonly (keyof T & string)[]): void {
  for (const name of names)
    if (of[name] !== undefined && typeof of[name] !== 'boolean') refuse(name, 'true or false', of[name]);
}
