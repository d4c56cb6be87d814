/** What must not happen throws one of these, with a code that stays; what may happen is returned. */

/** Why a call was refused. */
export type UsageCode =
  | 'address-range'
  | 'argument'
  | 'engine'
  | 'entry-width'
  | 'locking'
  | 'memory-layout'
  | 'range-empty'
  | 'range-count'
  | 'range-unaligned'
  | 'range-reversed'
  | 'range-wraps';

/** A call that no caller should make: `argument` names the parameter, `expected` says what it takes. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** Stays the same from version to version. */
  readonly code: UsageCode;
  /** The parameter, by its name. */
  readonly argument: string;
  /** What it takes, in words. */
  readonly expected: string;
  constructor(code: UsageCode, argument: string, expected: string) {
    super(`${argument}: expected ${expected}`);
    this.code = code;
    this.argument = argument;
    this.expected = expected;
  }
}

/** Which rule an architecture definition broke. */
export type ArchCode =
  | 'address-field'
  | 'empty-not-none'
  | 'empty-present'
  | 'entry-width'
  | 'expression'
  | 'field-overlap'
  | 'field-width'
  | 'fold'
  | 'geometry'
  | 'malformed'
  | 'missing'
  | 'template';

/** An architecture definition that says something impossible; thrown by `defineArch`, never by a walk. */
export class ArchError extends Error {
  override readonly name = 'ArchError';
  /** Stays the same from version to version. */
  readonly code: ArchCode;
  /** Where in the definition, for example `levels.pud.leaf`. */
  readonly where: string;
  constructor(code: ArchCode, where: string, what: string) {
    super(`${where}: ${what}`);
    this.code = code;
    this.where = where;
  }
}

/** What a value is, in a few words: for messages about values of the wrong kind. */
export const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : ['object', 'undefined'].includes(typeof value)
        ? typeof value
        : `a ${typeof value}`;
