/** Why a fixture or vector file cannot be read. */

/** What is wrong with the file. `unknown`: a key or a name that its format does not have. */
export type FixtureCode = 'format' | 'missing' | 'malformed' | 'truncated' | 'unknown' | 'duplicate';

/** A file that cannot be read: `where` names the key, case or file, `expected` what it should hold. */
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
