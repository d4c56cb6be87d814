/** Formats: fields that share no bit, and addresses that come out as they went in, whatever else an entry holds. */
import {
  type Arch,
  addressMask,
  type Fields,
  fieldsOf,
  isAlwaysFolded,
  isUpper,
  LEVELS,
  type Level,
  leafAddress,
  makeLeaf,
  makeTable,
  maskOf,
  type Paddr,
  type Prot,
  tableAddress,
  tableSpan,
} from '@kernel-mm/pgtable-core';
import type { Claim } from '../claim.ts';
import { hex } from '../tell.ts';
import { add, all, and, eq, not, or, select, shl, shr, type Term, termOf, xor } from '../term.ts';
import { gatherTerm, scatterTerm } from '../walk-terms.ts';
import { templatesOf } from './templates.ts';

/** Levels whose entries are read as entries: none that is folded whatever they say. */
export const readLevels = (arch: Arch): Level[] => LEVELS.filter((level) => !isAlwaysFolded(arch, level));

/** The claims of every format. */
export const formatClaims = (arch: Arch): Claim[] =>
  readLevels(arch).flatMap((level) => {
    const { table, leaf } = arch.spec.levels[level];
    return [
      ...(table ? [fieldsClaim(arch, level, 'table', table.fields), tableCodec(arch, level, table)] : []),
      ...(leaf ? [fieldsClaim(arch, level, 'leaf', leaf.fields), ...leafCodecs(arch, level)] : []),
    ];
  });

function fieldsClaim(arch: Arch, level: Level, kind: 'table' | 'leaf', fields: Fields): Claim {
  const used = Object.values(fields).reduce((mask, f) => mask | maskOf(f), 0n);
  const parts = Object.values(fields).map((f): Term => shl(shr(and('entry', maskOf(f)), BigInt(f.lo)), BigInt(f.lo)));
  return {
    law: 'fields',
    at: `${level} ${kind}`,
    given: [],
    follows: eq(
      parts.reduce<Term>((sum, part) => (sum === 0n ? part : add(sum, part)), 0n),
      and('entry', used),
    ),
    least: ['entry'],
    show: { entry: 'entry' },
    replay({ entry = 0n }) {
      const values = fieldsOf(arch, level, kind, entry as never);
      const sum = Object.entries(fields).reduce((all, [name, f]) => all + ((values[name] ?? 0n) << BigInt(f.lo)), 0n);
      return {
        keeps: sum === (entry & used),
        story: [`the fields of ${level} ${kind} ${hex(entry)} make ${hex(sum)}, and its bits ${hex(entry & used)}`],
      };
    },
  };
}

/** An address that is aligned for what is below, and has no bit above those that the format holds. */
export function alignedTerms(arch: Arch, level: Level, kind: 'table' | 'leaf', address: Term): Term[] {
  const fields = Object.values(arch.spec.levels[level][kind]?.fields ?? {}).filter((f) => f.kind === 'address');
  const top = fields.reduce((most, f) => Math.max(most, (f.to ?? f.lo) + f.hi - f.lo), 0);
  const alignment = kind === 'leaf' || !isUpper(level) ? arch.geometry[level].size : tableSpan(arch, level);
  return [eq(and(address, alignment - 1n), 0n), eq(shr(address, BigInt(top + 1)), 0n)];
}

/** The bits that must be 0. */
export const zeros = (fields: Fields): bigint =>
  Object.values(fields).reduce((mask, f) => (f.kind === 'zero' ? mask | maskOf(f) : mask), 0n);

function tableCodec(arch: Arch, level: Level, { fields, base }: { fields: Fields; base: bigint }): Claim {
  const entry = or(scatterTerm(fields, 'address'), base);
  return {
    law: 'codec',
    at: `${level} table`,
    given: alignedTerms(arch, level, 'table', 'address'),
    follows: all(eq(gatherTerm(fields, entry), 'address'), eq(and(entry, zeros(fields)), 0n)),
    least: ['address'],
    show: { address: 'address' },
    replay({ address = 0n }) {
      const made = isUpper(level) ? makeTable(arch, level, address as Paddr) : undefined;
      const back = made !== undefined && isUpper(level) ? tableAddress(arch, level, made) : undefined;
      return {
        keeps: back === address && ((made ?? 0n) & zeros(fields)) === 0n,
        story: [`a ${level} entry for the table at ${hex(address)} ${told(made, back)}`],
      };
    },
  };
}

/** One claim for each set of rights that has a template of its own. */
function leafCodecs(arch: Arch, level: Level): Claim[] {
  return templatesOf(arch, level).map(({ name, prot, entry }): Claim => {
    const { fields } = arch.spec.levels[level].leaf!;
    return {
      law: 'codec',
      at: `${level} leaf, ${name}`,
      given: alignedTerms(arch, level, 'leaf', 'address'),
      follows: all(eq(leafAddressTerm(arch, level, entry), 'address'), eq(and(entry, zeros(fields)), 0n)),
      least: ['address'],
      show: { address: 'address' },
      replay({ address = 0n }) {
        const made = makeLeaf(arch, level, address as Paddr, prot as Prot);
        const back = made === undefined ? undefined : leafAddress(arch, level, made);
        return {
          keeps: back === address && ((made ?? 0n) & zeros(fields)) === 0n,
          story: [`a ${level} entry for the page at ${hex(address)} ${told(made, back)}`],
        };
      },
    };
  });
}

/** What a leaf maps first. */
export function leafAddressTerm(arch: Arch, level: Level, entry: Term): Term {
  const { fields, first, inverted } = arch.spec.levels[level].leaf!;
  if (first !== undefined) return termOf(first, { entry });
  if (inverted === undefined) return gatherTerm(fields, entry);
  return gatherTerm(fields, select(not(eq(termOf(inverted, { entry }), 0n)), xor(entry, addressMask(fields)), entry));
}

const told = (made: bigint | undefined, back: bigint | undefined): string =>
  made === undefined ? 'cannot be made' : `is ${hex(made)}, and that designates ${hex(back ?? 0n)}`;
