/** The shape of an `oracle-fixture-1` file, as far as it is read; what else it carries is ignored. */
import * as v from 'valibot';
import { paddr, vaddr } from '../brand.ts';
import { checked, checkFormat, count, hex, record, whole } from './checked.ts';
import type { Answer, Fact, FaultReport, GuestKernel, GuestProcess, Touch } from './facts.ts';

/** A fixture, its hex strings read as bigints. */
export interface Fixture {
  readonly name: string;
  readonly guest: {
    readonly arch: string;
    readonly release: string;
    readonly pagesize: number;
    readonly endian: 'little' | 'big';
    readonly ram_base: bigint;
    readonly ram_size?: number;
    readonly options: Readonly<Record<string, boolean | bigint>>;
  };
  readonly memory: { readonly pieces: readonly (readonly [at: bigint, length: number, offset: number])[] };
  readonly kernel?: GuestKernel;
  readonly processes: readonly GuestProcess[];
}

const answer: v.GenericSchema<unknown, Answer> = v.pipe(
  v.nullable(hex),
  v.transform((at) => (at === null ? {} : { paddr: paddr(at) })),
);

const touch: v.GenericSchema<unknown, Touch> = v.pipe(
  v.object({
    faults: whole,
    sig: v.exactOptional(whole),
    code: v.optional(whole, 0),
    trap: v.exactOptional(hex),
    err: v.exactOptional(hex),
    esr: v.exactOptional(hex),
    sanitized_by_kernel: v.optional(v.boolean(), false),
  }),
  v.transform(({ faults, sig, code, trap, err: error, esr: syndrome, sanitized_by_kernel: doctored }) => ({
    faults,
    ...(sig !== undefined && {
      signal: {
        ...{ code, doctored },
        ...(trap !== undefined && { trap }),
        ...(error !== undefined && { error }),
        ...(syndrome !== undefined && { syndrome }),
      },
    }),
  })),
);

const bytes = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/i, '16 bytes in hex'), v.toLowerCase());

const fact: v.GenericSchema<unknown, Fact> = v.pipe(
  v.object({
    v: hex,
    region: v.optional(v.string(), ''),
    kind: v.optional(v.string(), ''),
    vma: v.exactOptional(v.nullable(v.string())),
    present: v.exactOptional(v.boolean()),
    pfn: v.exactOptional(hex),
    swap: v.exactOptional(v.object({ type: count, offset: hex })),
    data: v.exactOptional(v.string()),
    head: v.exactOptional(bytes),
    qemu_gpa: v.exactOptional(answer),
    gup_fast: v.exactOptional(v.object({ phys: answer, page_size: v.exactOptional(count) })),
    touch_r: v.exactOptional(touch),
    touch_w: v.exactOptional(touch),
  }),
  v.transform(({ v: addr, qemu_gpa: translated, gup_fast: gup, touch_r: read, touch_w: write, ...said }) => ({
    ...{ ...said, addr: vaddr(addr) },
    ...(translated && { translated }),
    ...(gup && { gupFast: { ...gup.phys, ...(gup.page_size !== undefined && { pageSize: gup.page_size }) } }),
    ...(read && { read }),
    ...(write && { write }),
  })),
);

const report: v.GenericSchema<unknown, FaultReport> = v.pipe(
  v.object({
    vaddr: hex,
    access: v.picklist(['r', 'w', 'x']),
    code: v.exactOptional(count),
    asce: v.exactOptional(hex),
    entries: v.optional(record(hex), {}),
  }),
  v.transform(({ vaddr: addr, ...said }) => ({ ...said, addr: vaddr(addr) })),
);

const registers = record(hex);
const kernelFact = v.pipe(
  v.object({ v: hex, qemu_gpa: answer }),
  v.transform(({ v: addr, qemu_gpa: translated }) => ({ addr: vaddr(addr), translated })),
);
const process = v.pipe(
  v.object({
    ...{ name: v.string(), registers, tag: v.exactOptional(hex), facts: v.array(fact) },
    kernel_fault_reports: v.optional(v.array(report), []),
  }),
  v.transform(({ kernel_fault_reports: reports, ...said }) => ({ ...said, reports })),
);
const fixture: v.GenericSchema<unknown, Fixture> = v.object({
  name: v.string(),
  guest: v.object({
    ...{ arch: v.string(), release: v.string(), pagesize: whole },
    endian: v.optional(v.picklist(['little', 'big']), 'little'),
    ram_base: v.optional(hex, '0x0'),
    ram_size: v.exactOptional(whole),
    options: v.optional(record(v.union([v.boolean(), hex])), {}),
  }),
  memory: v.object({ pieces: v.array(v.tuple([hex, whole, whole])) }),
  kernel: v.exactOptional(v.object({ registers, facts: v.array(kernelFact) })),
  processes: v.array(process),
});

/**
 * Checks parsed JSON.
 * @throws FixtureError `format`, `missing` or `malformed`, with the path of the key
 */
export function parseFixture(json: unknown): Fixture {
  checkFormat(json, 'oracle-fixture-1');
  return checked(fixture, json);
}
