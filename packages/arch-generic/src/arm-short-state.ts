/** The machine state that the MMU of arm's short descriptors consults. */

/** What a walk of short descriptors consults. Defaults are those of an ARMv7 that Linux runs. */
export interface ArmShortState {
  /** SCTLR.M; without it an address is physical. */
  readonly mmu: boolean;
  /** Whether the access is PL0's. */
  readonly user: boolean;
  /** The domain access control register; by default every domain is a client of its entries. */
  readonly dacr: bigint;
  /** SCTLR.AFE: AP[0] is the access flag. */
  readonly afe: boolean;
  /** Whether the CPU has PXN; without it L1 type 0b11 is reserved. */
  readonly pxn: boolean;
  /** Privileged access never. */
  readonly pan: boolean;
  /**
   * Before ARMv6, and there with SCTLR.XP = 0: each quarter of a page has rights of its own, and XN, APX, S, nG are none.
   * Fine tables, which Linux never made, are refused like any L1 type 0b11.
   */
  readonly subpages: boolean;
  /** SCTLR.S, with `subpages`: AP = 00 lets PL1 read. Linux sets it. */
  readonly systemProtection: boolean;
  /** SCTLR.R, with `subpages`: AP = 00 lets PL1 and PL0 read. */
  readonly romProtection: boolean;
  /** TTBCR: N, PD0 and PD1. The root is the TTBR that it selects for the address. */
  readonly ttbcr: bigint;
}
