/** The MMU of x86: before the walk, after it, and the error code; the entries themselves are in x86-paging.ts. */
import {
  type Access,
  type Arch,
  type Begin,
  checkArch,
  type Fault,
  gather,
  type Hardware,
  isTranslatable,
  type Mmu,
  type Query,
  type Settled,
  type Step,
  type Taken,
  UsageError,
  type Vaddr,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import { A, D, type Paging, US } from './x86-entry.ts';
import { levelsOf, type X86State } from './x86-paging.ts';

const PAGING: Readonly<Record<string, Paging>> = {
  ...{ 'x86-32': '2-level', 'x86-pae': 'pae', 'x86-64': '4-level', 'x86-64-la57': '5-level' },
};

/**
 * The MMU of x86, in the paging mode of `arch`. An entry outside memory raises no architected fault (the bus answers
 * something): here it is `outside-memory`, without a code. Of the four PDPTEs of PAE, only the one in use is looked at.
 * @throws UsageError for an architecture that is not x86's
 */
export function x86Mmu(arch: Arch): Mmu<X86State> {
  checkArch(arch);
  const paging = PAGING[arch.id];
  if (!paging) throw new UsageError('argument', 'arch', `one of ${Object.keys(PAGING).join(', ')}`);
  return {
    arch,
    defaults: {
      ...{ user: false, nxe: true, wp: true, smep: false, smap: false, ac: false, pke: false, pkru: 0n },
      ...{ pg: true, pse: true, pdpe1gb: true, lamSup: false, maxPhysBits: 52, encMask: encMaskOf(arch) },
    },
    // SDM volume 3, 4.1.4: MAXPHYADDR is 32 to 52.
    limits: { maxPhysBits: [32n, 52n] },
    hardware: (state) => hardwareOf(arch, paging, state),
  };
}

/** The C bit that the kernel's definition has: what each table pointer sets above the flags. */
const encMaskOf = ({ spec }: Arch): bigint => (spec.levels.pmd.table?.base ?? 0n) & ~0xfffn;

function hardwareOf(arch: Arch, paging: Paging, state: X86State): Hardware {
  const { user, nxe, smep, smap, ac } = state;
  const [wide, long] = [paging !== '2-level', paging === '4-level' || paging === '5-level'];
  // PAE's top entry knows neither users nor A: it takes no part.
  const used = (path: readonly Step[]): readonly Step[] => path.slice(paging === 'pae' ? 1 : 0);
  const isUserPage = (path: readonly Step[]): boolean => used(path).every(({ entry }) => entry & US);
  const keyTakes = (path: readonly Step[]): readonly Access[] =>
    long && path.length > 0 && isUserPage(path) ? forbiddenByKey((path.at(-1)!.entry >> 59n) & 15n, state) : [];

  return {
    levels: levelsOf(paging, state),
    ...(long && { untagged: (query: Query) => untagged(state, paging === '5-level' ? 57 : 48, query) }),
    begin: (query) => begin(arch, state, query),
    unreadable: 'outside-memory',
    fault(kind, { query: { access, addr } }): Fault {
      if (kind === 'outside-memory') return { name: kind };
      if (kind === 'general-protection') return { name: kind, code: 0n, status: { 'error code': 0n } };
      const said = CODES[kind as keyof typeof CODES];
      const fetch = access === 'execute' && (smep || (wide && nxe)) ? 0x10n : 0n;
      const code = said | fetch | (access === 'write' ? 2n : 0n) | (user ? 4n : 0n);
      return { name: 'page-fault', code, status: { 'error code': code, CR2: addr } };
    },
    whole(path): readonly Taken[] {
      const level = path.at(-1)?.level;
      if (!level) return [];
      const take = (rights: readonly Access[], why: string): Taken[] => rights.map((right) => ({ right, level, why }));
      const kernelOnUser = !user && isUserPage(path);
      return [
        ...(kernelOnUser && smep ? take(['execute'], 'SMEP = 1: a user page') : []),
        ...(kernelOnUser && smap && !ac ? take(['read', 'write'], 'SMAP = 1, AC = 0: a user page') : []),
        ...take(keyTakes(path), 'PKRU forbids the key'),
      ];
    },
    settle({ query: { access }, path, taken }): Settled {
      const by = taken.find(({ right }) => right === access);
      const fault = keyTakes(path).includes(access) ? 'protection-key' : 'protection';
      if (by) return { kind: 'refused', fault, why: `${access} is not allowed: ${by.why}` };
      const last = path.at(-1);
      return {
        kind: 'done',
        // A in every entry used, D in the last one on a write (SDM volume 3, 4.8).
        updates: used(path).flatMap((step) => {
          const marked = step.entry | A | (access === 'write' && step === last ? D : 0n);
          return marked === step.entry ? [] : [{ at: step.at, entry: marked }];
        }),
      };
    },
  };
}

/** SDM volume 3, 4.7: P is set for all but an entry that is not present, also with RSVD. */
const CODES = { 'not-present': 0n, protection: 0x1n, reserved: 0x9n, 'protection-key': 0x21n } as const;

/** What PKRU keeps from a user page with this key; fetches are free (SDM volume 3, 4.6.2). */
function forbiddenByKey(key: bigint, { user, wp, pke, pkru }: X86State): readonly Access[] {
  const rights = pke ? (pkru >> (2n * key)) & 3n : 0n;
  if (rights & 1n) return ['read', 'write'];
  return rights && (user || wp) ? ['write'] : [];
}

/**
 * LAM: the metadata of a data pointer is replaced by copies of the highest address bit below it, and bit 63 stays, so that it
 * must be like them (SDM volume 1, "Linear Address Masking"). CR3 says it for the lower half: bit 61 (LAM_U57), else
 * bit 62 (LAM_U48). CR4.LAM_SUP says it for the upper half, by the number of levels.
 */
function untagged({ lamSup, pg }: X86State, supervisorWidth: number, { root, addr, access }: Query): Vaddr {
  if (access === 'execute' || !pg) return addr;
  const [bit61, bit62] = [(root >> 61n) & 1n, (root >> 62n) & 1n];
  const width = addr >> 63n ? (lamSup ? supervisorWidth : 64) : bit61 ? 57 : bit62 ? 48 : 64;
  const low = BigInt.asUintN(63, BigInt.asIntN(width, addr));
  return vaddrWrap((addr & (1n << 63n)) | low);
}

/** An address must be canonical: the bits above the translated ones are copies of the highest (32-bit: there are none). */
function begin(arch: Arch, { pg, encMask }: X86State, { root, addr }: Query): Begin {
  const { shift, bits } = arch.geometry.pgd;
  const width = pg ? shift + bits : 32;
  if (pg ? !isTranslatable({ arch }, 'pgd', addr) : addr >> 32n)
    return { kind: 'refused', fault: 'general-protection', why: `not an address of ${width} bits` };
  if (!pg) return { kind: 'page', base: 0n, shift: 32 };
  return { kind: 'table', level: 'pgd', base: gather(arch.spec.root.fields, root) & ~encMask, shift, bits };
}
