/** The encoder against an assembler that others wrote: the text that `explain` prints is, byte for byte, the module. */
import { VARIANTS } from '@kernel-mm/gup-fast';
import { describe, expect, test } from 'vitest';
import wabt from 'wabt';
import { moduleOf } from '../src/emit/module.ts';
import { compile } from '../src/index.ts';
import type { Choice } from '../src/options.ts';
import { encode } from '../src/wasm/encode.ts';
import { toText } from '../src/wasm/text.ts';
import { archs } from './support/archs.ts';

const assembler = await wabt();
const FEATURES = { threads: true, simd: true, bulk_memory: true };

function assembled(name: string, text: string): Uint8Array {
  const module = assembler.parseWat(name, text, FEATURES);
  // The typings leave the argument out; without it atomics are refused.
  (module.validate as (features: typeof FEATURES) => void)(FEATURES);
  const { buffer } = module.toBinary({ canonicalize_lebs: true });
  module.destroy();
  return buffer;
}

/** The assembler takes its time: by default one choice of three. */
const isFull = process.env.KERNEL_MM_RUNS === 'full';

const FORMS = [...new Set(Object.values(VARIANTS).map(({ stepper }) => stepper.form))].flatMap((form) =>
  form ? [form] : [],
);

/** Two choices that share nothing but the form. */
const choices = (form: Choice['form']): Choice[] => [
  {
    ...{ form, loads: 'plain', counts: 'plain', top: undefined, neighbour: 'same', traced: false, shared: false },
    layout: { kind: 'flat', base: 0n, offset: 0 },
  },
  {
    ...{ form, loads: 'atomic', counts: 'cas', top: undefined, neighbour: 'garbage', traced: true, shared: true },
    layout: { kind: 'sparse' },
  },
  {
    ...{ form, loads: 'atomic', counts: 'plain', top: undefined, neighbour: 'poison', traced: false, shared: false },
    layout: { kind: 'flat', base: 0x8000_0000n, offset: 0x1_0000 },
  },
];

describe('assembled, the text is the module', () => {
  test.each(archs)('%s, in every form', (name, arch) => {
    for (const form of FORMS)
      for (const choice of choices(form).slice(0, isFull ? 3 : 1)) {
        const module = moduleOf(arch, choice);
        expect(Buffer.from(encode(module)).equals(assembled(name, toText(module)))).toBe(true);
      }
  });
});

test('what a compiled architecture explains is what it runs', () => {
  const [name, arch] = archs[2]!;
  const { bytes, explain } = compile(arch);
  expect(Buffer.from(bytes).equals(assembled(name, explain()))).toBe(true);
});

test('an operation takes at most 2 KB on the average of its module', () => {
  for (const [name, arch] of archs) {
    const { bytes, sizes } = compile(arch);
    expect(bytes.length / Object.keys(sizes).length, name).toBeLessThan(2048);
  }
});

test('entry-aware ends cost nothing where no entry knows better than its level', () => {
  for (const [name, arch] of archs) {
    const isStatic = Object.values(arch.spec.levels).every(({ covers }) => covers === undefined);
    for (const descent of ['copy', 'lockless', 'slot'] as const) {
      const size = (boundary: 'level' | 'entry'): number => compile(arch, { form: { boundary, descent } }).bytes.length;
      if (isStatic) expect(size('entry') - size('level'), name).toBe(0);
      else expect(size('entry'), name).not.toBe(size('level'));
    }
  }
});
