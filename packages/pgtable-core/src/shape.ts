/** The shape of a definition: what is there, of which kind. Definitions from JSON have no compiler to tell them. */
import * as v from 'valibot';
import type { Change, Predicate } from './arch.ts';
import { ArchError } from './errors.ts';

const word = v.bigint();
/** Expressions are checked where their evaluators are made. */
const expr = v.any();

const field = v.strictObject({
  kind: v.picklist(['address', 'type', 'flag', 'software', 'zero']),
  hi: v.number(),
  lo: v.number(),
  to: v.optional(v.number()),
});
const fields = v.record(v.string(), field);

/** The predicates by name. */
export const PREDICATES: readonly Predicate[] = [
  ...['none', 'present', 'bad', 'leaf', 'swap', 'protnone', 'special', 'devmap'],
  ...['write', 'young', 'dirty', 'exec', 'user', 'softDirty', 'accessRead', 'accessWrite'],
] as readonly Predicate[];
const is = v.strictObject(Object.fromEntries(PREDICATES.map((name) => [name, v.optional(expr)])));

const CHANGES = [
  ...['young', 'old', 'dirty', 'clean', 'write', 'wrprotect', 'special', 'devmap'],
  ...['huge', 'invalid', 'softDirty', 'clearSoftDirty'],
] as readonly Change[];
const mk = v.strictObject(Object.fromEntries(CHANGES.map((name) => [name, v.optional(expr)])));

const swap = v.strictObject({
  ...{ type: field, offset: field, base: word, inverted: v.optional(v.boolean()) },
  ...{ exclusive: v.optional(word), softDirty: v.optional(word), uffdWp: v.optional(word) },
});

const right = v.strictTuple([word, word]);
const level = v.strictObject({
  bits: v.number(),
  fold: v.optional(
    v.strictObject({
      when: v.picklist(['build', 'boot', 'process']),
      style: v.picklist(['top', 'middle']),
      if: v.optional(expr),
      slot: v.optional(expr),
      lockless: v.optional(v.picklist(['slot', 'copy'])),
      entries: v.optional(v.number()),
    }),
  ),
  empty: v.optional(word),
  slotBytes: v.optional(v.number()),
  tableBytes: v.optional(v.number()),
  shadow: v.optional(v.strictObject({ at: v.number(), value: expr })),
  table: v.optional(v.strictObject({ fields, base: word, aligned: v.optional(v.number()) })),
  leaf: v.optional(
    v.strictObject({
      fields,
      base: word,
      rights: v.strictObject({ read: right, write: right, exec: right, user: right }),
      protNone: v.optional(word),
      inverted: v.optional(expr),
      first: v.optional(expr),
      shift: v.optional(expr),
      group: v.optional(v.strictObject({ bit: word, slots: v.number() })),
    }),
  ),
  reads: v.optional(fields),
  is,
  mk: v.optional(mk),
  swap: v.optional(swap),
  hugepd: v.optional(v.strictObject({ fields, is: expr, shift: expr })),
  covers: v.optional(expr),
});

const top = v.optional(v.strictObject({ base: word, limit: word }));
const spec: v.GenericSchema = v.strictObject({
  id: v.string(),
  pageShift: v.number(),
  byteOrder: v.picklist(['little', 'big']),
  entryBytes: v.optional(v.picklist([1, 2, 4, 8])),
  entryRead: v.optional(v.literal('low-high-low')),
  fastGup: v.optional(v.literal(false)),
  gupFastPermitted: v.optional(v.literal(false)),
  va: v.strictObject({
    extend: v.picklist(['zero', 'sign', 'halves']),
    bits: v.optional(v.number()),
    untagged: v.optional(expr),
  }),
  root: v.strictObject({
    fields,
    tops: v.strictObject({ pgd: top, p4d: top, pud: top, pmd: top, pte: top }),
    taskSizeMax: v.optional(word),
  }),
  levels: v.strictObject({ pgd: level, p4d: level, pud: level, pmd: level, pte: level }),
});

/** Throws `ArchError` for the first thing that is missing, misspelt or of another kind. */
export function checkShape(definition: unknown): void {
  const { issues } = v.safeParse(spec, definition, { abortEarly: true });
  const issue = issues?.[0];
  if (!issue) return;
  const where = v.getDotPath(issue) ?? 'definition';
  if (issue.received === 'undefined') throw new ArchError('missing', where, 'is not said');
  throw new ArchError('malformed', where, `expected ${issue.expected ?? 'nothing'}, got ${issue.received}`);
}
