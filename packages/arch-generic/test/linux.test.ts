import { expect, test } from 'vitest';
import { isFixed, type LinuxVersion, since } from '../src/linux.ts';

test.each<[LinuxVersion, LinuxVersion, boolean]>([
  ['6.12', '6.12', true],
  ['6.12.3', '6.12', true],
  ['6.12', '6.12.1', false],
  ['6.9', '6.10', false],
  ['6.10', '6.9', true],
  ['7.0', '6.19', true],
  ['5.19.17', '6.0', false],
  ['6.12.36', '6.12.36', true],
  ['6.13', '6.12.36', true],
])('%s since %s: %s', (linux, from, answer) => expect(since(linux, from)).toBe(answer));

test.each<[LinuxVersion, boolean]>([
  ['6.10', false],
  ['6.12', false],
  ['6.12.35', false],
  ['6.12.36', true],
  ['6.12.94', true],
  // A series of its own, which nobody mended any more.
  ['6.13', false],
  ['6.14.99', false],
  ['6.15.4', false],
  ['6.15.5', true],
  ['6.16', true],
  ['7.1', true],
])('a fix of v6.16, v6.15.5 and v6.12.36 in %s: %s', (linux, answer) =>
  expect(isFixed(linux, '6.16', ['6.12.36', '6.15.5'])).toBe(answer),
);
