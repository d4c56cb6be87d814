import { describe, expect, test } from 'vitest';
import { FixtureError, readGuest } from '../../src/guest/index.ts';
import { paddr } from '../../src/index.ts';
import { refused } from '../support/refused.ts';

/** One process of one page; its memory is two runs of 8 bytes. */
const GOOD = `{
  "format": "oracle-fixture-1",
  "name": "toy-1",
  "guest": { "arch": "s390x", "release": "6.8.0", "pagesize": 4096 },
  "memory": { "pieces": [["0x8000", 8, 0], ["0x1000", 8, 8]] },
  "processes": [
    {
      "name": "target",
      "registers": { "asce": "0x26d41c7", "cr3": "0xFFFFFFFFFFFFFFFF" },
      "facts": [
        { "v": "0x7fffe000", "region": "span", "kind": "w", "present": true, "pfn": "0x12d8",
          "gup_fast": { "phys": "0x12d8000", "page_size": 4096 } },
        { "v": "0x80000000", "present": false, "gup_fast": { "phys": null } },
        { "v": "0x90000000", "region": "unreadable" }
      ]
    }
  ]
}`;

/** The same with everything that is optional. */
const FULL = `{
  "format": "oracle-fixture-1",
  "name": "toy-2",
  "guest": { "arch": "s390x", "release": "6.8.0", "pagesize": 4096, "endian": "big", "ram_base": "0x1000",
    "ram_size": 8192, "options": { "edat1": true, "prefix": "0x2000" } },
  "memory": { "pieces": [] },
  "kernel": { "registers": { "cr13": "0x7" }, "facts": [{ "v": "0x0", "qemu_gpa": "0x2000" }, { "v": "0x1", "qemu_gpa": null }] },
  "processes": [
    {
      "name": "target", "tag": "0x5054", "registers": {},
      "facts": [
        { "v": "0x1000", "vma": "rw-p", "present": true, "pfn": "0x1", "data": "pattern", "qemu_gpa": "0x1000",
          "head": "00000000000010000000000000005A54",
          "touch_r": { "faults": 0 },
          "touch_w": { "faults": 1, "sig": 11, "code": 2, "trap": "0xe", "err": "0x7", "sanitized_by_kernel": true } },
        { "v": "0x2000", "vma": null, "present": false, "swap": { "type": 1, "offset": "0x200" }, "qemu_gpa": null,
          "touch_r": { "faults": 0, "sig": 11, "code": 1, "esr": "0x92000004" } }
      ],
      "kernel_fault_reports": [
        { "vaddr": "0x3000", "access": "r", "code": 59, "asce": "0x7", "entries": { "R3": "0x24" } },
        { "vaddr": "0x4000", "access": "w", "status": "0" }
      ]
    }
  ]
}`;
const BYTES = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const read = (text: string, bytes = BYTES) => readGuest(JSON.parse(text), bytes);

/** The good fixture with one thing said otherwise; a twin that changes nothing would prove nothing. */
function twin(from: string | RegExp, to: string): string {
  const changed = GOOD.replace(from, to);
  if (changed === GOOD) throw new Error(`nothing to replace: ${from}`);
  return changed;
}

test('a fixture that is as it should be', () => {
  const guest = read(GOOD);
  expect(guest).toMatchObject({ name: 'toy-1', arch: 's390x', release: '6.8.0', pageSize: 4096n, byteOrder: 'little' });
  expect(guest.kernel).toBeUndefined();
  expect(guest.storage).toBeUndefined();
  expect(guest.memory.pieces).toEqual([
    { at: 0x1000n, length: 8, offset: 8 },
    { at: 0x8000n, length: 8, offset: 0 },
  ]);
  expect(guest.memory.read(paddr(0x8000n), 8, 'big')).toBe(0x0102_0304_0506_0708n);
  expect(guest.memory.read(paddr(0x1000n), 8, 'big')).toBe(0x090a_0b0c_0d0e_0f10n);
  expect(guest.processes).toEqual([
    {
      name: 'target',
      registers: { asce: 0x26d41c7n, cr3: 0xffff_ffff_ffff_ffffn },
      facts: [
        {
          addr: 0x7fff_e000n,
          region: 'span',
          kind: 'w',
          present: true,
          pfn: 0x12d8n,
          gupFast: { paddr: 0x12d_8000n, pageSize: 4096n },
        },
        { addr: 0x8000_0000n, region: '', kind: '', present: false, gupFast: {} },
        { addr: 0x9000_0000n, region: 'unreadable', kind: '' },
      ],
      reports: [],
    },
  ]);
});

test('a fixture in which everything is said', () => {
  const guest = read(FULL, new Uint8Array(0));
  expect(guest).toMatchObject({
    ...{ byteOrder: 'big', storage: 0x3000n, options: { edat1: true, prefix: 0x2000n } },
    kernel: {
      registers: { cr13: 7n },
      facts: [
        { addr: 0n, translated: { paddr: 0x2000n } },
        { addr: 1n, translated: {} },
      ],
    },
  });
  expect(guest.kernel?.facts[1]?.translated).toEqual({});
  const [target] = guest.processes;
  expect(target?.tag).toBe(0x5054n);
  expect(target?.facts).toEqual([
    {
      ...{ addr: 0x1000n, region: '', kind: '', vma: 'rw-p', present: true, pfn: 1n, data: 'pattern' },
      ...{ head: '00000000000010000000000000005a54', translated: { paddr: 0x1000n }, read: { faults: 0 } },
      write: { faults: 1, signal: { code: 2, trap: 14n, error: 7n, doctored: true } },
    },
    {
      ...{ addr: 0x2000n, region: '', kind: '', vma: null, present: false, swap: { type: 1n, offset: 0x200n } },
      ...{ translated: {}, read: { faults: 0, signal: { code: 1, syndrome: 0x9200_0004n, doctored: false } } },
    },
  ]);
  expect(target?.reports).toEqual([
    { addr: 0x3000n, access: 'r', code: 59n, asce: 7n, entries: { R3: 0x24n } },
    { addr: 0x4000n, access: 'w', entries: {} },
  ]);
});

test.each<[string, string | RegExp, string, string]>([
  ['faults that are no number', '"touch_r": { "faults": 0 }', '"touch_r": {}', 'processes.0.facts.0.touch_r.faults'],
  ['an answer of the MMU that is a number', '"qemu_gpa": "0x1000"', '"qemu_gpa": 1', 'processes.0.facts.0.qemu_gpa'],
  ['bytes that are none', '5A54"', '5Z54"', 'processes.0.facts.0.head'],
  ['15 bytes', '"0000000000001', '"00000000001', 'processes.0.facts.0.head'],
  ['half a swap entry', '"type": 1, ', '', 'processes.0.facts.1.swap.type'],
  ['an unknown access', '"access": "r"', '"access": "read"', 'processes.0.kernel_fault_reports.0.access'],
  ['an entry that is no word', '"R3": "0x24"', '"R3": 36', 'processes.0.kernel_fault_reports.0.entries.R3'],
  ['a kernel without registers', '"registers": { "cr13": "0x7" }, ', '', 'kernel.registers'],
  ['an option that is a number', '"edat1": true', '"edat1": 1', 'guest.options.edat1'],
  ['an unknown byte order', '"endian": "big"', '"endian": "middle"', 'guest.endian'],
])('%s', (_what, from, to, where) => {
  const text = FULL.replace(from, to);
  expect(text).not.toBe(FULL);
  expect(refused(FixtureError, () => read(text, new Uint8Array(0))).where).toBe(where);
});

test('keys that nobody reads are ignored', () => {
  expect(read(twin('"format"', '"made": "2020-09-07", "format"')).name).toBe('toy-1');
});

test('a guest without processes and without memory is one', () => {
  const empty = '{"format":"oracle-fixture-1","name":"n","guest":{"arch":"a","release":"r","pagesize":4096}';
  const guest = read(`${empty},"memory":{"pieces":[]},"processes":[]}`, new Uint8Array(0));
  expect(guest).toMatchObject({ processes: [] });
  expect(guest.memory.pieces).toEqual([]);
  expect(guest.memory.read(paddr(0n), 4, 'big')).toBeUndefined();
});

test('memory may be longer than its pieces need', () => {
  expect(read(GOOD, new Uint8Array(17)).memory.pieces).toHaveLength(2);
});

describe('format', () => {
  test.each([
    ['another version', twin('fixture-1', 'fixture-2'), 'oracle-fixture-2'],
    ['no format', twin('"format"', '"format_"'), 'undefined'],
    ['a list of one format', twin('"oracle-fixture-1"', '["oracle-fixture-1"]'), '["oracle-fixture-1"]'],
    ['no object', '[]', 'undefined'],
    ['null', 'null', 'undefined'],
    ['a string', '"oracle-fixture-1"', 'undefined'],
  ])('%s', (_what, text, got) => {
    expect(refused(FixtureError, () => read(text))).toMatchObject({
      name: 'FixtureError',
      code: 'format',
      where: 'format',
      expected: `oracle-fixture-1, not ${got}`,
    });
  });
});

describe('truncated', () => {
  test.each([15, 8, 0])('memory of %d bytes, where 16 are needed', (length) => {
    expect(refused(FixtureError, () => read(GOOD, new Uint8Array(length)))).toMatchObject({
      code: 'truncated',
      where: 'memory',
      expected: `16 bytes, not ${length}`,
    });
  });
});

describe('missing', () => {
  test.each<[string, string]>([
    ['"name": "toy-1",', 'name'],
    ['"guest":', 'guest'],
    ['"arch": "s390x",', 'guest.arch'],
    ['"release": "6.8.0",', 'guest.release'],
    [', "pagesize": 4096', 'guest.pagesize'],
    ['"memory":', 'memory'],
    ['"pieces":', 'memory.pieces'],
    ['"processes":', 'processes'],
    ['"name": "target",', 'processes.0.name'],
    ['"registers":', 'processes.0.registers'],
    ['"facts":', 'processes.0.facts'],
    ['"v": "0x7fffe000", ', 'processes.0.facts.0.v'],
    ['"phys": "0x12d8000", ', 'processes.0.facts.0.gup_fast.phys'],
  ])('%s', (key, where) => {
    // A key with its value is taken out, a key alone gets another name.
    const text = twin(key, key.endsWith(':') ? '"other":' : '');
    expect(refused(FixtureError, () => read(text))).toMatchObject({ code: 'missing', where });
  });
});

describe('malformed', () => {
  test.each<[string, string | RegExp, string, string]>([
    ['a name that is a number', '"toy-1"', '1', 'name'],
    ['registers that are a list', /"registers": \{.*\}/, '"registers": ["0x1"]', 'processes.0.registers'],
    ['a page size in quotes', '"pagesize": 4096', '"pagesize": "4096"', 'guest.pagesize'],
    ['half a page size', '"pagesize": 4096', '"pagesize": 4096.5', 'guest.pagesize'],
    ['a negative page size', '"pagesize": 4096', '"pagesize": -4096', 'guest.pagesize'],
    ['a register that is a number', '"0x26d41c7"', '40714695', 'processes.0.registers.asce'],
    ['hex without 0x', '"0x26d41c7"', '"26d41c7"', 'processes.0.registers.asce'],
    ['hex with another letter', '"0x26d41c7"', '"0x26d41g7"', 'processes.0.registers.asce'],
    ['hex without digits', '"0x26d41c7"', '"0x"', 'processes.0.registers.asce'],
    ['negative hex', '"0x26d41c7"', '"-0x1"', 'processes.0.registers.asce'],
    ['hex of 65 bits', '"0x26d41c7"', '"0x10000000000000000"', 'processes.0.registers.asce'],
    ['an address that is no hex', '"v": "0x7fffe000"', '"v": "7fffe000"', 'processes.0.facts.0.v'],
    ['a frame number that is a number', '"pfn": "0x12d8"', '"pfn": 4824', 'processes.0.facts.0.pfn'],
    ['present that is no boolean', '"present": true', '"present": 1', 'processes.0.facts.0.present'],
    ['a fact that is none', '{ "v": "0x90000000", "region": "unreadable" }', 'null', 'processes.0.facts.2'],
    ['an answer that is a number', /"gup_fast": \{ "phys": null \}/, '"gup_fast": 0', 'processes.0.facts.1.gup_fast'],
    ['pieces that are no list', /"pieces": \[.*\]\]/, '"pieces": {}', 'memory.pieces'],
    ['a piece that is no list', '["0x8000", 8, 0]', '"0x8000"', 'memory.pieces.0'],
    ['a piece whose address is a number', '["0x1000", 8, 8]', '[4096, 8, 8]', 'memory.pieces.1.0'],
    ['a piece whose length is hex', '["0x8000", 8, 0]', '["0x8000", "0x8", 0]', 'memory.pieces.0.1'],
    ['a piece of half a byte', '["0x8000", 8, 0]', '["0x8000", 7.5, 0]', 'memory.pieces.0.1'],
    ['a piece of negative length', '["0x8000", 8, 0]', '["0x8000", -8, 0]', 'memory.pieces.0.1'],
    ['a piece at a negative offset', '["0x8000", 8, 0]', '["0x8000", 8, -8]', 'memory.pieces.0.2'],
  ])('%s', (_what, from, to, where) => {
    expect(refused(FixtureError, () => read(twin(from, to)))).toMatchObject({ code: 'malformed', where });
  });

  test('a piece without its offset', () => {
    const error = refused(FixtureError, () => read(twin('["0x8000", 8, 0]', '["0x8000", 8]')));
    expect(error.where).toBe('memory.pieces.0.2');
  });

  test.each([
    ['that overlap', '["0x8000", 8, 0]', '["0x1004", 8, 0]'],
    ['that reach past 2^64', '["0x8000", 8, 0]', '["0xfffffffffffffffc", 8, 0]'],
  ])('pieces %s', (_what, from, to) => {
    expect(refused(FixtureError, () => read(twin(from, to)))).toMatchObject({ code: 'malformed' });
  });
});

test('memory in very many pieces', () => {
  // More than a call can have arguments.
  const count = 200_000;
  const pieces = Array.from({ length: count }, (_, i) => [`0x${(i * 16).toString(16)}`, 1, i]);
  const json = { ...JSON.parse(GOOD), memory: { pieces } };
  expect(readGuest(json, new Uint8Array(count)).memory.pieces).toHaveLength(count);
  expect(refused(FixtureError, () => readGuest(json, new Uint8Array(count - 1))).code).toBe('truncated');
});
