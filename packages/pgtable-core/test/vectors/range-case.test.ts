/** Range cases: what is written is read back, and what the format does not have is refused by its key. */
import { expect, test } from 'vitest';
import { walk } from '../../src/index.ts';
import { FixtureError, rangeCaseJson, readRangeCase } from '../../src/vectors/index.ts';
import { toy3 } from '../support/toys.ts';

const archOf = (id: string) => (id === toy3.id ? toy3 : undefined);
const good = rangeCaseJson(
  { title: 'one page', arch: toy3.id },
  0x1000n,
  [
    [0x1000n, 0x2001n],
    [0x1008n, 0n],
  ],
  [0x1000n, 0n],
);

test('what is written is read back', () => {
  const { title, mm, start, end } = readRangeCase(JSON.parse(JSON.stringify(good)), archOf);
  expect([title, mm.arch, mm.root, start, end]).toEqual(['one page', toy3, 0x1000n, 0x1000n, 0n]);
  expect(mm.memory.read(0x1000n as never, 8, toy3.spec.byteOrder)).toBe(0x2001n);
  expect(mm.memory.read(0x1010n as never, 8, toy3.spec.byteOrder)).toBeUndefined();
  expect(walk(mm, start).steps[0]?.entry).toBe(0x2001n);
});

test.each([
  ['another format', { format: 'kernel-mm/walk-vectors@1' }, 'format'],
  ['an architecture that is not known', { arch: 'pdp-11' }, 'arch'],
  ['a key that the format does not have', { levels: 3 }, 'levels'],
  ['a number that is no hex string', { root: 4096 }, 'root'],
  ['an entry of one word', { entries: [['0x1000']] }, 'entries.0'],
  [
    'two values in one place',
    {
      entries: [
        ['0x1000', '0x1'],
        ['0x1000', '0x2'],
      ],
    },
    'entries',
  ],
  ['a start within a page', { start: '0x1001' }, 'start'],
  ['an end within a page', { end: '0x2001' }, 'end'],
  ['an end before the start', { end: '0x1000' }, 'end'],
])('%s is refused', (_what, change, where) => {
  const read = () => readRangeCase({ ...good, ...change }, archOf);
  expect(read).toThrow(FixtureError);
  expect(read).toThrow(expect.objectContaining({ where: expect.stringContaining(where) }));
});
