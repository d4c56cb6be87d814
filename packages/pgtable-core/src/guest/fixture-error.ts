/** Why a fixture cannot be read. */

/** What is wrong with a fixture. */
export type FixtureCode = 'format' | 'missing' | 'malformed' | 'truncated';

/** A fixture that cannot be read: `where` names the key or file, `expected` what it should hold. */
export class FixtureError extends Error {
  override readonly name = 'FixtureError';
  readonly code: FixtureCode;
  readonly where: string;
  readonly expected: string;
  constructor(code: FixtureCode, where: string, expected: string) {
    super(`${where}: expected ${expected}`);
    this.code = code;
    this.where = where;
    this.expected = expected;
  }
}
