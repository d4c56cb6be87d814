/** The machine state that the MMU of RISC-V consults. */

/**
 * The machine state that translation consults. Defaults are those of Linux in S-mode while it reaches user pages (SUM = 1),
 * on a machine without the extensions.
 */
export interface RiscvState {
  /** U-mode; else S-mode. */
  readonly user: boolean;
  /** sstatus.SUM: S-mode may load from and store to user pages. */
  readonly sum: boolean;
  /** sstatus.MXR: loads may use pages that can only be executed. */
  readonly mxr: boolean;
  /** Svpbmt: bits 62:61 are a memory type; else they are reserved. */
  readonly svpbmt: boolean;
  /** Svnapot: bit 63 is N; else it is reserved. */
  readonly svnapot: boolean;
  /** T-Head's cores: bits 63:59 of a page are memory attributes, none of them reserved, and no PBMT or N. */
  readonly thead: boolean;
  /** Svrsw60t59b: bits 60 and 59 of a page are software's; else they are reserved. */
  readonly svrsw60t59b: boolean;
  /** Zicfiss is on for this privilege (menvcfg.SSE, senvcfg.SSE): W without R is a shadow stack; else it is reserved. */
  readonly zicfiss: boolean;
  /** Svadu is on (menvcfg.ADUE): the hardware sets A and D; else a page without them faults (Svade). */
  readonly adue: boolean;
  /**
   * PMLEN of the access's privilege: how many of the highest bits of a data pointer are ignored. 0, 7 or 16, by senvcfg.PMM
   * in U-mode (Ssnpm), menvcfg.PMM in S-mode (Smnpm).
   */
  readonly pmlen: number;
}

/** Linux in S-mode while it reaches user pages. */
export const RISCV_DEFAULTS: RiscvState = {
  user: false,
  sum: true,
  mxr: false,
  svpbmt: false,
  svnapot: false,
  thead: false,
  svrsw60t59b: false,
  zicfiss: false,
  adue: false,
  pmlen: 0,
};
