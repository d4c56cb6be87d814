/** Why a fixture or vector file cannot be read. */

/** What is wrong with the file. `unknown`: a key or a name that its format does not have. */
export type FixtureCode = 'format' | 'missing' | 'malformed' | 'truncated' | 'unknown' | 'duplicate';

/** A file that cannot be read: `where` names the key, case or file, `expected` what it should hold. */
export class FixtureError extends Error {
  override readonly name = 'FixtureError';
  /** Stays the same from version to version. */
  readonly code: FixtureCode;
  /** The file, or the path of the key. */
  readonly where: string;
  /** What should stand there, in words. */
  readonly expected: string;
  constructor(code: FixtureCode, where: string, expected: string) {
    super(`${where}: expected ${expected}`);
    this.code = code;
    this.where = where;
    this.expected = expected;
  }
}
