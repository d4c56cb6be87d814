/** No fact is compared in vain: one that is corrupted fails, alone, in its own kind. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readDat, readGuest } from '@kernel-mm/pgtable-core/guest';
import { describe, expect, test } from 'vitest';
import { checkDat, checkGuest, Findings } from '../src/index.ts';

const guests = join(import.meta.dirname, '../../../fixtures/guests');
const gunzipped = (name: string): Buffer => gunzipSync(readFileSync(join(guests, name)));
// biome-ignore lint/suspicious/noExplicitAny: a file is corrupted as JSON
type Json = any;

/** The kinds that fail after `corrupt`, in one process of a guest; without it nothing does, as another test says. */
function failing(name: string, process: string, corrupt: (json: Json) => void): string[] {
  const json = JSON.parse(gunzipped(`${name}.json.gz`).toString());
  json.processes = json.processes.filter((one: Json) => one.name === process);
  corrupt(json);
  const found = new Findings();
  checkGuest(found, readGuest(json, new Uint8Array(gunzipped(`${name}.mem.gz`))));
  return found.failures.map(({ kind }) => kind);
}

/** The one that is wanted; a table's row without one would test nothing. */
function first(all: Json[], wanted: (one: Json) => unknown): Json {
  const found = all.find(wanted);
  expect(found, 'one of that kind').toBeDefined();
  return found;
}

describe('facts of a process', () => {
  type Row = [string, string, string, (fact: Json) => unknown, (fact: Json) => unknown, string];
  const absent = (fact: Json): boolean => fact.present === false && !fact.swap;
  const signal = (key: string, value: string, of: 'touch_r' | 'touch_w' = 'touch_r') => ({
    has: (fact: Json): boolean => fact[of]?.[key] === value && (of === 'touch_w' || !fact.touch_w),
  });
  // biome-ignore format: a table
  const rows: Row[] = [
    ['a frame', 's390x-1', 'l3', (f) => f.pfn, (f) => (f.pfn = '0x1'), 'pagemap'],
    ['a page that is there', 's390x-1', 'l3', (f) => f.present && !f.data, (f) => (f.present = false), 'pagemap'],
    ['a page that is not', 's390x-1', 'l3', absent, (f) => Object.assign(f, { present: true, pfn: '0x0' }), 'pagemap'],
    ['x86: a swap offset', 'x86_64-l4-1', 'l4', (f) => f.swap, (f) => (f.swap.offset = '0x7'), 'swap'],
    ['arm64: a swap type', 'arm64-1', 'l4', (f) => f.swap, (f) => (f.swap.type = 3), 'swap'],
    ['powerpc: a swap offset', 'ppc64le-1', 'l4', (f) => f.swap, (f) => (f.swap.offset = '0x7'), 'swap'],
    ['s390: a swap offset', 's390x-1', 'l3', (f) => f.swap, (f) => (f.swap.offset = '0x7'), 'swap'],
    ['a page that is not swapped', 'arm64-1', 'l4', absent, (f) => (f.swap = { type: 0, offset: '0x0' }), 'swap'],
    ['content', 's390x-1', 'l3', (f) => f.data === 'pattern', (f) => (f.data = 'pattern-of:0x5000'), 'content'],
    ['32-bit content', 'x86_64-l4-1', 'compat', (f) => f.data === 'pattern32', (f) => (f.data = 'pattern'), 'content'],
    ['a page of zeros', 's390x-1', 'l3', (f) => f.data === 'pattern', (f) => (f.data = 'zero'), 'content'],
    ['the first bytes', 's390x-1', 'l3', (f) => f.head, (f) => (f.head = 'f'.repeat(32)), 'head'],
    ['those of a file', 'x86_64-l4-1', 'l4', (f) => f.data === 'datafile', (f) => (f.head = 'f'.repeat(32)), 'head'],
    ['those of a page that is not there', 'arm64-1', 'l4', absent, (f) => (f.head = '0'.repeat(32)), 'head'],
    ['an address', 's390x-1', 'l3', (f) => f.qemu_gpa, (f) => (f.qemu_gpa = '0x1'), 'qemu_gpa'],
    ['an address for a fault', 's390x-1', 'l3', (f) => f.qemu_gpa === null, (f) => (f.qemu_gpa = '0x1'), 'qemu_gpa'],
    ['a fault for an address', 's390x-1', 'l3', (f) => f.qemu_gpa, (f) => (f.qemu_gpa = null), 'qemu_gpa'],
    ['a load that went through', 's390x-1', 'l3', (f) => f.touch_r?.faults === 0 && !f.touch_r.sig && !f.touch_w, (f) => (f.touch_r.faults = 1), 'touch_r'],
    ['a load that was refused', 's390x-1', 'l3', (f) => f.touch_r?.sig && !f.touch_w, (f) => (f.touch_r = { faults: 0 }), 'touch_r'],
    ['a store that went through', 's390x-1', 'l3', (f) => f.touch_w?.faults === 0 && !f.touch_w.sig, (f) => (f.touch_w.faults = 1), 'touch_w'],
    ['a store that faulted', 's390x-1', 'l3', (f) => f.touch_r?.faults === 0 && f.touch_w?.faults === 1, (f) => (f.touch_w.faults = 0), 'touch_w'],
    ['x86: a bit of an error code', 'x86_64-l5-1', 'l4', signal('err', '0x4').has, (f) => (f.touch_r.err = '0x6'), 'fault code'],
    ['x86: of one that Linux doctored', 'x86_64-l5-1', 'l5', signal('err', '0x5').has, (f) => (f.touch_r.err = '0x4'), 'fault code'],
    ['x86: the exception', 'x86_64-l5-1', 'l5', signal('trap', '0xd').has, (f) => (f.touch_r.trap = '0xe'), 'fault code'],
    ['x86: a store’s', 'x86_64-l5-1', 'l5', signal('err', '0x7', 'touch_w').has, (f) => (f.touch_w.err = '0x5'), 'fault code'],
    ['arm64: the level', 'arm64-1', 'l4', signal('esr', '0x92000005').has, (f) => (f.touch_r.esr = '0x92000006'), 'fault code'],
    ['arm64: level -1', 'arm64-lva5-1', 'l4', signal('esr', '0x9200002b').has, (f) => (f.touch_r.esr = '0x92000004'), 'fault code'],
    ['arm64: permission', 'arm64-1', 'l4', signal('esr', '0x9200004f', 'touch_w').has, (f) => (f.touch_w.esr = '0x92000047'), 'fault code'],
    ['arm64: a store’s', 'arm64-1', 'l4', signal('esr', '0x9200004f', 'touch_w').has, (f) => (f.touch_w.esr = '0x9200000f'), 'fault code'],
    ['arm64: a load’s', 'arm64-1', 'l4', signal('esr', '0x92000005').has, (f) => (f.touch_r.esr = '0x92000045'), 'fault code'],
    ['powerpc: DSISR', 'ppc64le-1', 'l4', signal('err', '0xa000000', 'touch_w').has, (f) => (f.touch_w.err = '0x8000000'), 'fault code'],
    ['powerpc: the interrupt', 'ppc64le-1', 'l4', signal('trap', '0x380').has, (f) => (f.touch_r.trap = '0x300'), 'fault code'],
  ];
  test.each(rows)('%s', (_, guest, process, wanted, change, kind) => {
    expect(failing(guest, process, (json) => change(first(json.processes[0].facts, wanted)))).toEqual([kind]);
  });
});

describe('what else a guest says', () => {
  test.each<[string, (json: Json) => unknown, string]>([
    ['an address of the kernel', (json) => (json.kernel.facts[0].qemu_gpa = '0x1'), 'kernel'],
    ['an interruption code', (json) => (json.processes[0].kernel_fault_reports[0].code = 57), 'fault report'],
    ['an entry on its way', (json) => (json.processes[0].kernel_fault_reports[1].entries.R3 = '0x24'), 'fault report'],
    ['the prefix', (json) => (json.guest.options.prefix = '0x0'), 'kernel'],
  ])('%s', (_, corrupt, kind) => expect(new Set(failing('s390x-1', 'l3', corrupt))).toEqual(new Set([kind])));

  test.each([
    ['an answer of gup_fast', { phys: '0x1000' }, 'gup_fast'],
    ['a leaf size', { page_size: 0x200000 }, 'leaf size'],
  ])('%s', (_, change, kind) => {
    const kinds = failing('x86_64-l4-1', 'l4', (json) => {
      const fact = json.processes.find(({ name }: Json) => name === 'l4').facts.find((f: Json) => f.gup_fast?.phys);
      Object.assign(fact.gup_fast, change);
    });
    expect(kinds).toEqual([kind]);
  });

  test('a root register: hardly a fact is left', () => {
    const kinds = failing('riscv64-sv48-1', 'l4', (json) => {
      json.processes[0].registers.satp = json.kernel.registers.satp;
    });
    expect(new Set(kinds)).toEqual(
      new Set(['pagemap', 'gup_fast', 'leaf size', 'head', 'qemu_gpa', 'touch_r', 'touch_w']),
    );
    expect(kinds.length).toBeGreaterThan(200);
  });
});

describe('bare-metal tests', () => {
  const json = JSON.parse(gunzipped('s390x-dat-noedat-1.json.gz').toString());
  const tables = new Uint8Array(gunzipped('s390x-dat-noedat-1.mem.gz'));
  const tests: Json[] = json.tests.slice(0, 1000);
  const failures = (changes: object): string[] => {
    const found = new Findings();
    checkDat(found, readDat({ ...json, tests, ...changes }, tables));
    return found.failures.map(({ kind }) => kind);
  };

  test.each<[string, (test: Json) => unknown, object, string]>([
    ['an address', (t) => t.pa && t.access === 'w', { pa: '0x1' }, 'access'],
    ['the doubleword there', (t) => t.pa && t.access === 'r', { content: '0x1' }, 'content'],
    ['a code', (t) => t.code === 17, { code: 16 }, 'access'],
    ['a code for an access', (t) => t.access === 'x' && t.ok, { ok: false, code: 4 }, 'access'],
    ['a real address', (t) => t.lrag, { lrag: '0x1' }, 'lrag'],
    ['a real address for condition code 3', (t) => t.lrag_cc === 3, { lrag: '0x0' }, 'lrag'],
  ])('%s', (_, wanted, changes, kind) => {
    const one = first(tests, wanted);
    const corrupted = tests.map((other) => (other === one ? { ...one, ...changes } : other));
    expect(failures({ tests: corrupted })).toEqual([kind]);
  });

  test('where the data frames are', () => {
    const moved = failures({ data_frames: { start: '0x3000008', end: '0x3200008' } });
    expect(new Set(moved)).toEqual(new Set(['content']));
  });
});
