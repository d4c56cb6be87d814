import { describe, expect, test } from 'vitest';
import { type Form, formText, fullForm, handsSlot, hasOwnLockless, isDummyRead, sameForm } from '../src/index.ts';
import { toy3, toyBoot, toyProcess } from './support/toys.ts';

const merged: Form = { boundary: 'level', descent: 'lockless' };

test('what is not said is a read of memory, once', () => {
  expect(fullForm(merged)).toEqual({ ...merged, read: 'memory', reads: 'once' });
  expect(sameForm(merged, { ...merged, read: 'memory', reads: 'once' })).toBe(true);
});

test('forms that differ in one choice differ, and say so in words', () => {
  const others: Form[] = [
    ...[
      { ...merged, boundary: 'entry' as const },
      { ...merged, descent: 'slot' as const },
    ],
    ...[
      { ...merged, read: 'dummy' as const },
      { ...merged, reads: 'again' as const },
    ],
  ];
  expect(others.map((form) => sameForm(form, merged))).toEqual([false, false, false, false]);
  expect([merged, ...others].map(formText)).toEqual([
    ...['level, lockless', 'entry, lockless', 'level, slot', 'level, lockless, dummy', 'level, lockless, again'],
  ]);
});

describe('what a folded level is handed', () => {
  const top = { when: 'build', style: 'top' } as const;
  const middle = { when: 'boot', style: 'middle' } as const;

  test('a lockless form of its own: by the style, unless the definition says it', () => {
    expect([top, middle, undefined].map(hasOwnLockless)).toEqual([false, true, false]);
    expect(hasOwnLockless({ ...top, lockless: 'slot' })).toBe(true);
    expect(hasOwnLockless({ ...middle, lockless: 'copy' })).toBe(false);
  });

  test('only the descent called lockless asks for it', () => {
    const handed = (descent: Form['descent']) =>
      [top, { ...top, lockless: 'slot' } as const, middle].map((fold) => handsSlot({ ...merged, descent }, fold));
    expect(handed('copy')).toEqual([false, false, false]);
    expect(handed('lockless')).toEqual([false, true, true]);
    expect(handed('slot')).toEqual([true, true, true]);
  });
});

test('a read is a dummy above a level folded at build time, in a form that says so', () => {
  const dummies = (form: Form | undefined, arch = toy3) =>
    (['pgd', 'p4d', 'pud', 'pmd', 'pte'] as const).filter((level) => isDummyRead(arch, form, level));
  const dummy: Form = { ...merged, read: 'dummy' };
  expect(dummies(dummy)).toEqual(['pgd', 'p4d']);
  // pud is folded at boot here, p4d when the kernel was built.
  expect(dummies(dummy, toyBoot)).toEqual(['pgd']);
  expect(dummies(dummy, toyProcess)).toEqual([]);
  expect([...dummies(merged), ...dummies(undefined)]).toEqual([]);
});
