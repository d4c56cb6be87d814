/** Every measurement, in the order in which they are made. */
import type { Case } from './case.ts';
import { formCases } from './case-forms.ts';
import { memoryCases } from './case-memory.ts';
import { pinCases } from './case-pin.ts';
import { translateCases } from './case-translate.ts';

/** All of them. */
export const CASES: readonly Case[] = [...translateCases, ...pinCases, ...formCases, ...memoryCases];

/** Those of a run: all in full, else those that take no long time; and only those whose name or group has `only` in it. */
export const casesOf = (full: boolean, only = ''): Case[] =>
  CASES.filter((one) => (full || !one.full) && `${one.group}: ${one.name}`.includes(only));
