/** A definition before it is looked into: how deep, how large, and no name that means something to the language. */
import { ArchError } from './errors.ts';
import { DEEPEST } from './expr.ts';

/** An expression may be {@link DEEPEST} deep, and stands less than 8 deep in a definition. */
export const NESTED: number = DEEPEST + 8;
/** Parts of a definition; one that stands in two places counts twice. */
const LARGEST = 2 ** 16;
/** An object has or takes these without being asked. */
const RESERVED: ReadonlySet<string> = new Set(['', '__proto__', 'constructor', 'prototype']);

/** What is nested too deep, at this place. */
export const tooDeep = (where: string): ArchError =>
  new ArchError('malformed', where || 'definition', `is nested more than ${NESTED} deep`);

/**
 * Refuses what is too large to be read, or has a name that no field can have.
 * @throws {@link ArchError} `malformed` with the place
 */
export function checkTree(definition: unknown): void {
  const known = new Map<object, number>();
  const count = (part: unknown, where: string, depth: number): number => {
    if (typeof part !== 'object' || part === null) return 1;
    const counted = known.get(part);
    if (counted !== undefined) return counted;
    if (depth > NESTED) throw tooDeep(where.slice(0, 60));
    let parts = 1;
    for (const [key, value] of Object.entries(part)) {
      const place = where ? `${where}.${key}` : key;
      if (RESERVED.has(key)) throw new ArchError('malformed', place || 'definition', `"${key}" is no name`);
      parts += count(value, place, depth + 1);
      if (parts > LARGEST) throw new ArchError('malformed', where || 'definition', `has more than ${LARGEST} parts`);
    }
    known.set(part, parts);
    return parts;
  };
  count(definition, '', 1);
}
