/** The instructions that the emitters use: their bytes, and what stands behind them. WebAssembly 2.0, and threads. */

/** What follows an opcode: nothing, an index, a constant, a memory argument with its natural alignment, or lanes. */
export type Immediate = 'none' | 'local' | 'global' | 'func' | 'label' | 'i32' | 'i64' | 'lane' | 'lanes' | number;

/** An instruction's bytes and immediate. */
export interface Opcode {
  readonly bytes: readonly number[];
  readonly takes: Immediate;
}

const one = (takes: Immediate, names: Record<string, number>, prefix: number[] = []): [string, Opcode][] =>
  Object.entries(names).map(([name, byte]) => [name, { bytes: [...prefix, byte], takes }]);

/** Names with opcodes in a row. */
const row = (first: number, type: string, names: string): [string, Opcode][] =>
  names.split(' ').map((name, n) => [`${type}.${name}`, { bytes: [first + n], takes: 'none' }]);

const COMPARE = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const ARITHMETIC = 'add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u';

/** By name. A number behind a load or store is log2 of its alignment. */
export const OPCODES: ReadonlyMap<string, Opcode> = new Map([
  ...one('none', { unreachable: 0x00, return: 0x0f, drop: 0x1a, select: 0x1b }),
  ...one('label', { br: 0x0c, br_if: 0x0d }),
  ...one('func', { call: 0x10 }),
  ...one('local', { 'local.get': 0x20, 'local.set': 0x21, 'local.tee': 0x22 }),
  ...one('global', { 'global.get': 0x23, 'global.set': 0x24 }),
  ...one('i32', { 'i32.const': 0x41 }),
  ...one('i64', { 'i64.const': 0x42 }),
  ...one(0, { 'i64.load8_u': 0x31 }),
  ...one(1, { 'i64.load16_u': 0x33 }),
  ...one(2, { 'i32.load': 0x28, 'i64.load32_u': 0x35, 'i32.store': 0x36 }),
  ...one(3, { 'i64.load': 0x29, 'i64.store': 0x37, 'f64.store': 0x39 }),
  ...one('none', { 'i32.eqz': 0x45, 'i64.eqz': 0x50 }),
  ...row(0x46, 'i32', COMPARE),
  ...row(0x51, 'i64', COMPARE),
  ...row(0x6a, 'i32', ARITHMETIC),
  ...row(0x7c, 'i64', ARITHMETIC),
  ...one('none', {
    'i32.wrap_i64': 0xa7,
    'i64.extend_i32_u': 0xad,
    'f64.convert_i64_s': 0xb9,
    'i64.trunc_f64_s': 0xb0,
  }),
  ...one(0, { 'i64.atomic.load8_u': 0x14 }, [0xfe]),
  ...one(1, { 'i64.atomic.load16_u': 0x15 }, [0xfe]),
  ...one(2, { 'i64.atomic.load32_u': 0x16, 'i32.atomic.rmw.sub': 0x25 }, [0xfe]),
  ...one(2, { 'i32.atomic.rmw.cmpxchg': 0x48 }, [0xfe]),
  ...one(3, { 'i64.atomic.load': 0x11 }, [0xfe]),
  ...one(2, { 'v128.load32_zero': 0x5c }, [0xfd]),
  ...one(3, { 'v128.load64_zero': 0x5d }, [0xfd]),
  ...one('lanes', { 'i8x16.shuffle': 0x0d }, [0xfd]),
  ...one('none', { 'i64x2.splat': 0x12 }, [0xfd]),
  ...one('lane', { 'i64x2.extract_lane': 0x1d }, [0xfd]),
]);
