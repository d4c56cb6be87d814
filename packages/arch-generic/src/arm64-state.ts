/** The machine state that arm64 translation consults: TCR_EL1, taken apart by halves, and what lies beside it. */

/**
 * Machine state by the keys of the vector format. Where `tcr` is not 0, it alone says what the keys from `t0sz` to
 * `e0pd` say (all but `paBits`), for each half; where it is 0, they count, and hold for both halves.
 * Left out: NFD, EPAN, permission indirection and overlays (FEAT_S1PIE, FEAT_S1POE), FEAT_HAFT, 128-bit descriptors.
 */
export interface Arm64State {
  /** TCR_EL1, or 0. Its granules are not looked at: the definition says the page size. */
  readonly tcr: bigint;
  /** 64 less the address bits of the lower half (TTBR0). */
  readonly t0sz: number;
  /** 64 less the address bits of the upper half (TTBR1). */
  readonly t1sz: number;
  /** Physical address bits by TCR.IPS: 32, 36, 40, 42, 44, 48 or 52. */
  readonly ips: number;
  /** Physical address bits that the machine has (PAMax). */
  readonly paBits: number;
  /** LPA2's descriptors with 4 and 16 KiB pages (TCR.DS). */
  readonly ds: boolean;
  /** The hardware sets the access flag. */
  readonly ha: boolean;
  /** The hardware makes pages with DBM writable and dirty; only with `ha`. */
  readonly hd: boolean;
  /** The top byte of an address is ignored. */
  readonly tbi: boolean;
  /** Hierarchical permissions are disabled: APTable, UXNTable and PXNTable count for nothing. */
  readonly hpd: boolean;
  /** Walks are disabled. */
  readonly epd: boolean;
  /** EL0 may not use the addresses at all. */
  readonly e0pd: boolean;
  /** SCTLR_EL1.M; without it an address is physical. */
  readonly mmu: boolean;
  /** The access comes from EL0. */
  readonly user: boolean;
  /** SCTLR_EL1.WXN: what is writable cannot be executed. */
  readonly wxn: boolean;
  /** PSTATE.PAN: EL1 does not read or write what EL0 can. */
  readonly pan: boolean;
}

/** What the state says of one half of the addresses. */
export interface Half {
  readonly tsz: number;
  readonly tbi: boolean;
  /** TBI is for data only (TCR.TBID). */
  readonly tbid: boolean;
  readonly epd: boolean;
  readonly e0pd: boolean;
  readonly hpd: boolean;
}

/** What TCR_EL1 says, whichever way the state says it. */
export interface Controls {
  /** TTBR0's, and TTBR1's. */
  readonly halves: readonly [Half, Half];
  readonly ips: number;
  readonly ds: boolean;
  readonly ha: boolean;
  readonly hd: boolean;
}

/** By TCR.IPS; 7 is reserved without 56-bit addresses, and taken as 6. */
const IPS = [32, 36, 40, 42, 44, 48, 52, 52] as const;

/** TCR_EL1's bits, or the keys that stand for them. */
export function controlsOf(state: Arm64State): Controls {
  if (state.tcr === 0n) {
    const half = (tsz: number): Half => ({ ...state, tsz, tbid: false });
    return { ...state, halves: [half(state.t0sz), half(state.t1sz)], hd: state.ha && state.hd };
  }
  const field = (lo: number, mask: bigint): number => Number((state.tcr >> BigInt(lo)) & mask);
  const flag = (n: number): boolean => ((state.tcr >> BigInt(n)) & 1n) === 1n;
  return {
    halves: [
      { tsz: field(0, 63n), epd: flag(7), tbi: flag(37), hpd: flag(41), tbid: flag(51), e0pd: flag(55) },
      { tsz: field(16, 63n), epd: flag(23), tbi: flag(38), hpd: flag(42), tbid: flag(52), e0pd: flag(56) },
    ],
    ...{ ips: IPS[field(32, 7n)] ?? 52, ha: flag(39), hd: flag(39) && flag(40), ds: flag(59) },
  };
}
