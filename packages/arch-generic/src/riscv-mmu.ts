/** The MMU of RISC-V: its root, what an access may do, and the A and D bits (Privileged architecture, 12.3.2). */
import {
  type Arch,
  type Begin,
  checkArch,
  gather,
  type Hardware,
  isTranslatable,
  type Mmu,
  type Query,
  typeMask,
  UsageError,
  type Vaddr,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import { A, D, type RiscvMode } from './riscv-entry.ts';
import { levelsOf, SHADOW_STACK } from './riscv-levels.ts';
import { RISCV_DEFAULTS, type RiscvState } from './riscv-state.ts';

/** Exception codes, by what was to be done. */
const CAUSES = {
  'page-fault': { execute: 12n, read: 13n, write: 15n },
  'access-fault': { execute: 1n, read: 5n, write: 7n },
} as const;

const MODES: Readonly<Record<string, RiscvMode>> = {
  ...{ 'riscv-sv32': 'sv32', 'riscv-sv39': 'sv39', 'riscv-sv48': 'sv48', 'riscv-sv57': 'sv57' },
};

/**
 * The MMU of RISC-V, in the mode of `arch`. Its root is satp. 0 is Bare: every address is physical. Where MODE alone is 0 the
 * manual leaves open what happens (12.1.11); here such a root is the `ppn` alone of a table. Another mode than that of `arch`
 * is no walk of these tables: `root-mismatch`, without a code.
 * @throws UsageError for an architecture that is not RISC-V's
 */
export function riscvMmu(arch: Arch): Mmu<RiscvState> {
  checkArch(arch);
  const mode = MODES[arch.id];
  if (!mode) throw new UsageError('argument', 'arch', `one of ${Object.keys(MODES).join(', ')}`);
  // What the definition has bits for, the machine has too.
  const names = new Set(Object.keys(arch.spec.levels.pte.leaf?.fields ?? {}));
  return {
    arch,
    defaults: {
      ...RISCV_DEFAULTS,
      thead: names.has('SEC'),
      svrsw60t59b: names.has('SOFT_DIRTY'),
    },
    hardware: (state) => hardwareOf(arch, mode, state),
    deviations: [
      {
        of: 'QEMU',
        says: 'a leaf with PBMT = 3 is a page (its issue 3494; up to 10.2 at least)',
        hardware: (state) => hardwareOf(arch, mode, state, false),
      },
    ],
  };
}

function hardwareOf(arch: Arch, mode: RiscvMode, state: RiscvState, reservedPbmt = true): Hardware {
  const { adue, pmlen } = state;
  if (![0, ...(mode === 'sv32' ? [] : [7, 16])].includes(pmlen))
    throw new UsageError('argument', 'pmlen', mode === 'sv32' ? '0: pointers of 32 bits are not masked' : '0, 7 or 16');
  return {
    levels: levelsOf(arch, mode, state, reservedPbmt),
    untagged: (query) => untagged(state, query),
    begin: (query) => begin(arch, query),
    unreadable: 'access-fault',
    fault(kind, { query }) {
      if (kind === 'root-mismatch') return { name: kind };
      const code = CAUSES[kind as keyof typeof CAUSES][query.access];
      return { name: kind, code, status: { scause: code, stval: untagged(state, query) } };
    },
    settle({ query: { access }, path, taken }) {
      const by = taken.find(({ right }) => right === access);
      const fault = by?.why === SHADOW_STACK ? 'access-fault' : 'page-fault';
      if (by) return { kind: 'refused', fault, why: `${access} is not allowed: ${by.why}` };
      const last = path.at(-1);
      if (!last) return { kind: 'done', updates: [] };
      const { at, entry } = last;
      const marked = entry | A | (access === 'write' ? D : 0n);
      return { kind: 'done', updates: adue && marked !== entry ? [{ at, entry: marked }] : [] };
    },
  };
}

/** Pointer masking (Zjpm): ignored bits copy the highest that counts, or are 0 in Bare mode. Not of fetches, nor with MXR. */
function untagged({ pmlen, mxr }: RiscvState, { root, addr, access }: Query): Vaddr {
  if (pmlen === 0 || mxr || access === 'execute') return addr;
  const kept = 64 - pmlen;
  return vaddrWrap(root === 0n ? BigInt.asUintN(kept, addr) : BigInt.asIntN(kept, addr));
}

/** The bits above the translated ones must be copies of the highest (Sv32: there are none). */
function begin(arch: Arch, { root, addr }: Query): Begin {
  const { shift, bits } = arch.geometry.pgd;
  if (root === 0n) return bare(addr, arch.entryBytes === 4 ? 32 : 56);
  const { fields, tops } = arch.spec.root;
  if (![0n, tops.pgd?.base].includes(root & typeMask(fields)))
    return { kind: 'refused', fault: 'root-mismatch', why: 'another MODE' };
  if (!isTranslatable({ arch }, 'pgd', addr))
    return { kind: 'refused', fault: 'page-fault', why: `not an address of ${shift + bits} bits` };
  return { kind: 'table', level: 'pgd', base: gather(fields, root), shift, bits };
}

/** Physical memory as one page; what is beyond its widest address is no memory. */
const bare = (addr: bigint, width: number): Begin =>
  addr >> BigInt(width)
    ? { kind: 'refused', fault: 'access-fault', why: `not a physical address of ${width} bits` }
    : { kind: 'page', base: 0n, shift: width };
