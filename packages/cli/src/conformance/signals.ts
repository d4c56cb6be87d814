/** The codes of a SIGSEGV, by architecture: what the CPU reported, as far as Linux hands it on. */
import type { Access, Faulted } from '@kernel-mm/pgtable-core';
import type { Signal } from '@kernel-mm/pgtable-core/guest';
import { hex } from './tell.ts';

/** What the signal told, and what it would tell of our fault; or why it tells nothing. */
export type Told = { readonly said: string; readonly got: string } | { readonly untold: string };

/** ESR's exception class: a load or store of EL0. */
const DATA_ABORT = 0x24n;

const code = ({ code: said }: Faulted): string => (said === undefined ? 'no code' : hex(said));

const TOLD: Readonly<Record<string, (signal: Signal, fault: Faulted, access: Access) => Told>> = {
  // Exception 14 or 13. For addresses of its own Linux sets P in the error code (arch/x86/mm/fault.c, v6.1).
  x86_64: ({ trap = 0n, error = 0n, doctored }, fault) => {
    const traps: Readonly<Record<string, bigint>> = { 'page-fault': 14n, 'general-protection': 13n };
    const shown = doctored && fault.name === 'page-fault' ? (fault.code ?? 0n) | 1n : (fault.code ?? 0n);
    const tell = (number: bigint | string, value: bigint): string => `exception ${number}, error code ${hex(value)}`;
    return { said: tell(trap, error), got: tell(traps[fault.name] ?? fault.name, shown) };
  },
  // ESR's bits 5:0, the fault status code, and of a data abort bit 6 (WnR): was it the store? For addresses of its own
  // Linux always says: translation, level 0.
  aarch64: ({ syndrome, doctored }, fault, access) => {
    if (syndrome === undefined) return { untold: 'the signal has no ESR' };
    if (doctored) return { untold: 'the signal has a code that Linux put in place of the CPU’s' };
    const status = hex(syndrome & 0x3fn);
    if (syndrome >> 26n !== DATA_ABORT) return { said: status, got: code(fault) };
    const said = syndrome & 0x40n ? 'write' : 'read';
    return { said: `${said}, status ${status}`, got: `${access}, status ${code(fault)}` };
  },
  // A data-storage interrupt (0x300) brings DSISR; a data-segment interrupt (0x380) leaves an older one there.
  ppc64le: ({ trap = 0n, error = 0n }, fault) => ({
    said: trap === 0x380n ? 'interrupt 0x380' : `interrupt ${hex(trap)}, DSISR ${hex(error)}`,
    got: fault.name === 'segment' ? `interrupt ${code(fault)}` : `interrupt 0x300, DSISR ${code(fault)}`,
  }),
};

/** Compares a signal with the fault that our MMU raises for this access. */
export const toldOf = (arch: string, signal: Signal, fault: Faulted, access: Access): Told =>
  TOLD[arch]?.(signal, fault, access) ?? { untold: `the signals of ${arch} do not carry the CPU’s code` };
