import { expect, test } from 'vitest';
import { ArchError, UsageError } from '../src/index.ts';

test('a refused call names the argument and what it takes', () => {
  const error = new UsageError('range-reversed', 'end', 'an end that is not before addr');
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'UsageError', code: 'range-reversed', argument: 'end' });
  expect(error.message).toBe('end: expected an end that is not before addr');
});

test('a refused definition names the place', () => {
  const error = new ArchError('fold', 'levels.pgd', 'cannot be folded');
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'ArchError', code: 'fold', where: 'levels.pgd' });
  expect(error.message).toBe('levels.pgd: cannot be folded');
});
