import { describe, expect, test } from 'vitest';
import { defineArch, has } from '../../src/index.ts';
import { archLaws, formatReport, LawBroken, LawUnasked, runLaws, standingMutants } from '../../src/testing/index.ts';
import { toy3, toy3Spec } from '../support/toys.ts';

const { pte } = toy3Spec.levels;
const wrong = defineArch({
  ...toy3Spec,
  levels: { ...toy3Spec.levels, pte: { ...pte, is: { ...pte.is, write: has(1n) } } },
});
const runs = 20;

describe('a law by itself', () => {
  const law = (of: typeof toy3, name: string) => archLaws(of, { runs }).find((one) => one.name === name)!;

  test('that does not apply says so by an error of its own', () => {
    expect(() => law(toy3, 'pte_devmap').check()).toThrow(LawUnasked);
    expect(() => law(toy3, 'pte_devmap').check()).toThrow('pte_devmap does not apply: the definition lacks mk.devmap');
  });

  test('that is broken says what was asked, what was answered, and of what', () => {
    expect(() => law(wrong, 'leaf-codec').check()).toThrow(LawBroken);
    expect(() => law(wrong, 'leaf-codec').check()).toThrow(
      /^leaf-codec is broken: write of a pte leaf: expected false, got true\n {2}the law: .*\n {2}the least case: \["pte",\{.*"write":false.*\}\] \(seed: \d+\)$/,
    );
  });
});

describe('all of them', () => {
  test('how many apply, and what would make more apply', () => {
    const report = runLaws(toy3, { runs });
    const unasked = report.results.filter(({ kind }) => kind === 'unasked');
    expect(unasked.length).toBeGreaterThan(5);
    for (const { add } of unasked) expect(add.join()).toMatch(/^levels\.(p.{2}|…)\.(is|mk|leaf|swap)/);
    const told = formatReport(report);
    expect(told).toContain('pte_devmap: say levels.pte.mk.devmap, levels.pte.is.devmap');
    const { length } = report.results;
    expect(told.split('\n').at(-1)).toBe(`toy3: ${length - unasked.length} of ${length} laws apply, all of them hold`);
  });

  test('what is broken comes first', () => {
    expect(formatReport(runLaws(wrong, { runs }))).toMatch(
      /^leaf-codec is broken: [\s\S]*\ntoy3: \d+ of \d+ laws apply, 1 of them broken$/,
    );
  });

  test('how many wrong numbers stand: some places of fields, none of the shifts', () => {
    const standing = standingMutants(toy3, { runs: 4 });
    expect(standing.all).toBe(260);
    expect(standing.stand.length).toBeGreaterThan(0);
    expect(standing.stand.length).toBeLessThan(130);
    expect(standing.stand).not.toContain('levels.pte.leaf.fields.address.to: 11 instead of 12');
    const told = formatReport({ arch: 'toy3', results: [], mutants: standing });
    expect(told).toContain(`; ${standing.stand.length} of 260 wrong numbers would stand`);
  }, 600_000);
});
