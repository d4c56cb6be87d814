/** Code that is seldom run, behind the code that is: a machine fetches the one and predicts that it never needs the other. */
import type { Code } from '../wasm/code.ts';

/** Seldom-run code by the label that leads to it. */
export type Cold = Map<string, readonly Code[]>;

/** A branch to code that is kept with the others; it must branch away at its end. The same label is the same code. */
export function seldom(cold: Cold, label: string, code: readonly Code[]): Code[] {
  if (!cold.has(label)) cold.set(label, code);
  return [['br', label]];
}

/**
 * `code`, which must branch away at its end, and behind it all that it seldom branches to; that may branch in turn to
 * what was kept before it.
 */
export function withCold(cold: Cold, code: readonly Code[]): readonly Code[] {
  let inside = code;
  for (const [label, behind] of [...cold].reverse()) inside = [['block', label, ...inside], ...behind];
  return inside;
}
