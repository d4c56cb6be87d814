/**
 * One step of a range walk, for every address, entry and table: is what is read next the right place, and does the loop
 * keep the law? A walk has got to `level` by right steps only; each claim is about the next one. What holds for every
 * step holds for every walk, so that no number of steps limits it.
 */
import { type Arch, type Form, isUpper, LEVELS, type Level, type Stepper, UsageError } from '@kernel-mm/pgtable-core';
import type { RangeCaseJson } from '@kernel-mm/pgtable-core/vectors';
import { type Chain, chainOf, type Depth, depthsOf, PGD, ROOT } from '../chain.ts';
import type { Claim, LawName } from '../claim.ts';
import { eq, implies, not, read, sub, type Term } from '../term.ts';
import { depthOf } from '../walk-terms.ts';
import { nested, registers, sound } from './granted.ts';
import { replayWalk } from './replay-walk.ts';
import { copied, descend, nextIndex, type Stand, standsTo, stepFrom } from './stands.ts';
import { wishesOf } from './wishes.ts';

/**
 * The claims of both oracles for every level and depth, and the form of every stepper.
 * @throws UsageError `argument` for a stepper without a form
 */
export function* stepClaims(arch: Arch, steppers: readonly Stepper[], layout?: string): Generator<Claim> {
  const of = { arch: arch.id, ...(layout !== undefined && { layout }) };
  const formed = steppers.map((stepper) => {
    const { name, form } = stepper;
    if (form) return { ...stepper, form };
    throw new UsageError('argument', `stepper ${name}`, 'a form: a claim is made of that, and never of functions');
  });
  for (const depth of depthsOf(arch))
    for (const stepper of formed) for (const level of LEVELS) yield* claimsAt(depth, stepper, level, of);
}

function claimsAt(
  depth: Depth,
  stepper: Stepper & { readonly form: Form },
  level: Level,
  of: Pick<RangeCaseJson, 'arch' | 'layout'>,
): Claim[] {
  const stands = standsTo(depth, stepper.form, level, 'memory');
  const here = stands.at(-1)!;
  const step = stepFrom(depth, stepper.form, stands);
  const ahead = chainOf(depth, step.next, level);
  const given = [
    ...nested(depth, stands),
    ...sound(depth, stands),
    ...registers(depth),
    ...here.chain.typed,
    ...ahead.typed,
  ];
  const walks = [chainOf(depth, here.addr, 'pte'), chainOf(depth, step.next, 'pte')];
  // The same with entries that are any of their type: no memory has to agree with itself.
  const loose = standsTo(depth, stepper.form, level, 'any');
  const looseStep = stepFrom(depth, stepper.form, loose);
  const looselyGiven = [...nested(depth, loose), ...sound(depth, loose)];

  const within = `${stepper.name}, ${depth.top === 'pgd' ? '' : `${depth.top} on top, `}`;
  const claim = (law: LawName, what: string, follows: Term, into: Level, soon?: Term): Claim => ({
    law,
    at: within + what,
    ...{ given, follows },
    ...(soon !== undefined && { sooner: { given: looselyGiven, follows: soon } }),
    wishes: [stands.slice(1).map(({ addr }) => eq(addr, 'addr')), wishesOf(depth, walks)],
    least: [sub(stands[0]!.end, stands[0]!.addr), 'addr'],
    show: shown(stands, walks),
    replay: replayWalk(depth, stepper, into, law, { ...of, title: `${law}, ${within}${what}` }),
  });

  const right =
    here.space === 'memory' ? eq(step.after, ahead.slots[depthOf(level)]!) : copied(stands, step.after, ahead, level);
  const across =
    here.space === 'memory'
      ? implies(looseStep.goesOn, nextIndex(depth, level, loose.at(-1)!.addr, looseStep.next))
      : not(looseStep.goesOn);
  const claims = [
    claim('address-correct', `from ${level} to ${level}`, implies(step.goesOn, right), level, across),
    claim('law', level, step.keepsLaw, level, looseStep.keepsLaw),
  ];
  if (!isUpper(level)) return claims;
  const down = descend(depth, stepper.form, here, here.addr);
  const below = LEVELS[depthOf(level) + 1] as Level;
  const chain = chainOf(depth, here.addr, below);
  const reached =
    down.space === 'memory' ? eq(down.slot, chain.slots.at(-1)!) : copied(stands, down.slot, chain, below);
  return [...claims, claim('address-correct', `from ${level} to ${below}`, reached, below)];
}

function shown(stands: readonly Stand[], walks: readonly Chain[]): Record<string, Term> {
  const of = (name: string, { slots, entries }: Chain): [string, Term][] =>
    slots.flatMap((slot, n): [string, Term][] => [
      [`${name} ${LEVELS[n]} slot`, slot],
      [`${name} ${LEVELS[n]}`, entries[n]!],
    ]);
  return Object.fromEntries([
    ...stands.map(({ level, addr }): [string, Term] => [`addr at ${level}`, addr]),
    ...([
      ['end', 'end'],
      ['root', ROOT],
      ['pgd', PGD],
      ['pgd[0]', read(PGD)],
    ] as const),
    ...stands.flatMap(({ level, chain: own }) => of(`${level}:`, own)),
    ...walks.flatMap((walk, n) => of(`page ${n}:`, walk)),
  ]);
}
