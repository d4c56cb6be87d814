/** What a file's facts came to: how many of each kind were compared, which failed, and which could not be compared. */
import type { MalformedCase } from '@kernel-mm/pgtable-core/vectors';

/** One fact that is not as the file has it. */
export interface Failure {
  readonly kind: string;
  /** Which fact it is: a case's name, or a process and an address. */
  readonly name: string;
  readonly expected: string;
  readonly got: string;
  /** How the answer came about, as a picture; none where nothing was asked. */
  readonly walk?: string;
}

/** The findings of one file, as they come in. */
export class Findings {
  /** Facts that were compared, by kind. */
  readonly checked: Map<string, number> = new Map();
  /** Facts that could not be compared, by the reason. */
  readonly unchecked: Map<string, number> = new Map();
  /** Facts that the manual contradicts, and that hold as the implementation does it that gave them; by what it does. */
  readonly deviations: Map<string, number> = new Map();
  readonly failures: Failure[] = [];

  /** How many facts are as the file has them. */
  get passed(): number {
    return [...this.checked.values()].reduce((sum, n) => sum + n, 0) - this.failures.length;
  }

  /** One fact compared; `failure` is asked only where it failed. */
  compare(kind: string, passed: boolean, failure: () => Omit<Failure, 'kind'>): void {
    this.checked.set(kind, (this.checked.get(kind) ?? 0) + 1);
    if (!passed) this.failures.push({ kind, ...failure() });
  }

  /** One fact that is not of its format, and so has failed. */
  refuse(kind: string, { error: { where: name, expected } }: MalformedCase): void {
    this.compare(kind, false, () => ({ name, expected, got: 'a case that cannot be run' }));
  }

  /** One fact, compared already, that is as an implementation does it against the manual. */
  deviate(what: string): void {
    this.deviations.set(what, (this.deviations.get(what) ?? 0) + 1);
  }

  /** One fact that says nothing that could be compared. */
  leave(reason: string): void {
    this.unchecked.set(reason, (this.unchecked.get(reason) ?? 0) + 1);
  }
}
