import { expect, test } from 'vitest';
import { ArchError, archFromJson, archToJson, defineArch } from '../src/index.ts';
import { refused } from './support/refused.ts';
import { toy3Spec, toyProcessSpec, toys } from './support/toys.ts';

test.each(toys.map((arch) => [arch.id, arch.spec] as const))('%s survives the way to text and back', (_id, spec) => {
  expect(archFromJson(archToJson(spec))).toStrictEqual(spec);
  expect(archFromJson(archToJson(spec, 2))).toStrictEqual(spec);
});

test('words are hex strings, and nothing else is changed', () => {
  const json = JSON.parse(archToJson(toyProcessSpec));
  expect(json.levels.pud.empty).toBe('0x5');
  expect(json.levels.pud.fold).toEqual({
    when: 'process',
    style: 'middle',
    if: ['lt', ['and', 'entry', '0x3'], '0x2'],
  });
  expect(json.pageShift).toBe(12);
  expect(json.root.tops.pgd).toEqual({ base: '0x3', limit: '0x8000000' });
});

test('a word with the highest bit set stays unsigned', () => {
  const spec = { ...toy3Spec, root: { ...toy3Spec.root, tops: { pgd: { base: 1n << 63n, limit: (1n << 64n) - 1n } } } };
  expect(archFromJson(archToJson(spec))).toStrictEqual(spec);
});

test('an id that looks like a number stays an id', () => {
  const spec = { ...toy3Spec, id: '0xbeef' };
  expect(archFromJson(archToJson(spec)).id).toBe('0xbeef');
});

test.each([
  ['no JSON', '{"id": '],
  ['nothing', ''],
  ['a byte order mark', '\ufeff{}'],
  ['lists in lists', '['.repeat(100_000) + ']'.repeat(100_000)],
])('text that is %s', (_what, text) => {
  expect(refused(ArchError, () => archFromJson(text)).code).toBe('malformed');
});

test('brackets in a string are text, and one that ends nowhere is no JSON', () => {
  const id = `${'['.repeat(500)}"\\`;
  expect(archFromJson(archToJson({ ...toy3Spec, id })).id).toBe(id);
  expect(refused(ArchError, () => archFromJson(`"${'['.repeat(500)}`)).code).toBe('malformed');
});

test('what contains itself, or shares its parts too often, is refused and not written for ever', () => {
  const round: unknown[] = [];
  round.push(round);
  let shared: unknown = 'entry';
  for (let n = 0; n < 40; n++) shared = ['or', shared, shared];
  for (const part of [round, shared]) {
    const spec = { ...toy3Spec, levels: part } as never;
    expect(refused(ArchError, () => archToJson(spec)).code).toBe('malformed');
    expect(refused(ArchError, () => defineArch(spec)).code).toBe('malformed');
  }
});
