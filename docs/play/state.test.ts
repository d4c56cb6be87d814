/** The state in the address bar: what is written is read back, and nonsense is as at first. */
import { describe, expect, test } from 'vitest';
import { FIRST, fromHash, numberOf, type State, toHash } from './src/state.ts';

const other: State = {
  ...{ memory: 'drawn', guest: 'x86_64-l4-1', process: 3, arch: 'riscv-sv39', levels: 4, root: 0x8000_0000_0000_0001n },
  drawn: [
    { op: 'map', addr: 0x1000n, size: 0x2000n, to: 0x3000n, rights: 'rwx' },
    { op: 'unmap', addr: 0n, size: 0x1000n, to: 0n, rights: '' },
  ],
  ...{ addr: (1n << 64n) - 1n, access: 'execute', variant: 'folded', neighbour: 'poison', start: 0n, end: 0n, step: 7 },
};

test('what is written is read back', () => {
  expect(fromHash(`#${toHash(other)}`)).toEqual(other);
  expect(toHash(FIRST)).toBe('');
  expect(fromHash('')).toEqual(FIRST);
});

describe('what is not understood is as at first', () => {
  test.each([
    ['addr=yes', 'addr'],
    ['addr=0x10000000000000000', 'addr'],
    ['step=-1', 'step'],
    ['step=1e9', 'step'],
    ['variant=__proto__', 'variant'],
    ['memory=', 'memory'],
    ['access=%', 'access'],
  ] as const)('%s', (hash, key) => expect(fromHash(hash)[key]).toEqual(FIRST[key]));

  test('drawings that are none are left out', () => {
    expect(fromHash('drawn=map:0x1:0x2:0x3:rw erase:0x1:0x1 map:x:y:z:q map').drawn).toEqual([
      { op: 'map', addr: 1n, size: 2n, to: 3n, rights: 'rw' },
    ]);
  });

  test('a thousand words of noise', () => {
    let seed = 7;
    const letter = (): string => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return String.fromCharCode(32 + ((seed >> 8) % 95));
    };
    for (let n = 0; n < 1000; n++) {
      const noise = Array.from({ length: n % 80 }, letter).join('');
      const state = fromHash(`#drawn=${noise}&addr=${noise}&${noise}`);
      expect(fromHash(toHash(state))).toEqual(state);
    }
  });
});

test('numbers have 64 bits, in hex or decimal', () => {
  expect([numberOf('0x10'), numberOf(' 16 '), numberOf('18446744073709551616'), numberOf('1n'), numberOf('')]).toEqual([
    ...[16n, 16n, undefined, undefined, undefined],
  ]);
});
