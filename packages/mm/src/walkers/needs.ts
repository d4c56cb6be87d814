/** The one check of what every walker is handed: callers without types leave arguments out, or swap them. */
import { LEVELS, UsageError } from '@kernel-mm/pgtable-core';

/** What an argument has to be: of a type, one of some words, or an object with fields of these types. */
type Kind = 'bigint' | 'function' | 'array' | 'object' | ReadonlySet<string> | Readonly<Record<string, string>>;

const WALKER: Kind = { mm: 'object', port: 'object' };

/** The name of an argument of a walker. */
type Argument =
  | 'walker'
  | 'src'
  | 'dst'
  | 'mm'
  | 'tables'
  | 'range'
  | 'memory'
  | 'step'
  | 'slot'
  | 'addr'
  | 'end'
  | 'vma'
  | 'vmas'
  | 'first'
  | 'page'
  | 'pages'
  | 'phys'
  | 'shadow'
  | 'request'
  | 'bounds'
  | 'gather'
  | 'prot'
  | 'device'
  | 'of'
  | 'advice'
  | 'fn'
  | 'ops'
  | 'level'
  | 'migration'
  | 'advised'
  | 'options';

/**
 * An argument's name has one meaning in all walkers. Of several kinds, one has to fit. All stand in one order: who walks,
 * where, what is there, what to do, options.
 */
const KINDS: Readonly<Record<Argument, readonly Kind[]>> = {
  walker: [WALKER],
  src: [WALKER],
  dst: [WALKER],
  mm: [{ arch: 'object', memory: 'object' }],
  tables: [{ alloc: 'function' }],
  range: [{ start: 'bigint', end: 'bigint' }],
  memory: [{ start: 'bigint', size: 'bigint', offset: 'bigint' }],
  step: [{ slot: 'object', entry: 'bigint' }],
  slot: [{ level: 'string', addr: 'bigint' }],
  addr: ['bigint'],
  end: ['bigint'],
  // What a mapping has beside its range; a range has none of it.
  vma: [{ pfnmap: 'boolean' }, { prot: 'object' }, { mayWrite: 'boolean' }],
  vmas: ['array'],
  first: [{ pfn: 'number', page: 'object' }],
  page: ['bigint'],
  pages: ['array'],
  phys: ['bigint'],
  shadow: [{ page: 'bigint', tables: 'object' }],
  request: [{ addr: 'bigint', pfn: 'number', size: 'bigint', prot: 'object' }],
  bounds: [{ floor: 'bigint', ceiling: 'bigint' }],
  gather: [{ startVma: 'function', finish: 'function' }],
  prot: [{ read: 'boolean', write: 'boolean', exec: 'boolean', user: 'boolean' }],
  device: [{ type: 'bigint', readIn: 'function' }],
  of: [new Set(['anon', 'file'])],
  advice: [new Set(['cold', 'pageout'])],
  fn: ['function'],
  ops: ['object'],
  level: [new Set<string>(LEVELS)],
  migration: [{ pfn: 'bigint', write: 'boolean' }],
  // The pages that an advice asks: `options.pages`.
  advised: [{ page: 'function', split: 'function' }],
  options: ['object'],
};

/** @throws UsageError `argument`, with the name of the first that is missing, or of another kind */
export function needs(given: { readonly [name in Argument]?: unknown }): void {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null) throw new UsageError('argument', name, 'to be given: nothing was');
    const kinds: readonly Kind[] = KINDS[name as Argument];
    if (!kinds.some((kind) => isOf(kind, value))) throw new UsageError('argument', name, kinds.map(told).join(', or '));
  }
}

const typeOf = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value);

function isOf(kind: Kind, value: unknown): boolean {
  if (typeof kind === 'string') return typeOf(value) === kind;
  if (kind instanceof Set) return kind.has(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(kind).every(([field, type]) => typeOf(Reflect.get(value, field)) === type);
}

function told(kind: Kind): string {
  if (typeof kind === 'string') return `a value of type ${kind}`;
  if (kind instanceof Set) return [...kind].map((word) => `'${word}'`).join(' or ');
  const fields = Object.entries(kind).map(([field, type]) => `${field}: ${type}`);
  return `an object with ${fields.join(', ')}`;
}
