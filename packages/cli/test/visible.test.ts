/** Nothing that is printed acts on a terminal, and no message is without an end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coloured, painter } from '../src/painter.ts';
import { oneLine, visible } from '../src/visible.ts';

test.each([
  ['\u001b[31mred', '\\u001b[31mred'],
  ['\u009b2J\u007f\u0085', '\\u009b2J\\u007f\\u0085'],
  ['a\u202eb\u2066\u200f\ufeff', 'a\\u202eb\\u2066\\u200f\\ufeff'],
  ['a\r\nb\tc\u2028', 'a\\u000d\nb\\u0009c\\u2028'],
  ['\u{e0041}\ud800', '\\udb40\\udc41\\ud800'],
  ['plain … ✗ ü 漢 😀', 'plain … ✗ ü 漢 😀'],
])('%j', (text, told) => expect(visible(text)).toBe(told));

test('JSON stays JSON, and means the same; nothing that acts is left', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const told = visible(JSON.stringify({ text }));
      expect(JSON.parse(told)).toEqual({ text });
      expect(told).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test('a message is one line, and is cut', () => {
  expect(oneLine('Invalid values:\n  Argument: x\n')).toBe('Invalid values: Argument: x');
  const long = oneLine(`0x${'f'.repeat(2_400_000)}`);
  expect(long.length).toBeLessThan(700);
  expect(long).toContain('(2400002 letters)');
});

test('colours are the painter’s alone', () => {
  const text = `${painter(true)('wrong', 'FAIL\u001b[2J')} \u001b[31mred`;
  expect(coloured(visible(text))).toBe('\u001b[31mFAIL\\u001b[2J\u001b[39m \\u001b[31mred');
  expect(coloured(visible(painter(false)('wrong', 'FAIL')))).toBe('FAIL');
});
