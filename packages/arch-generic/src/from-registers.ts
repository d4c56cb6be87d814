/** What `…FromRegisters` of every family takes beside the registers, and how each MMU is made only once. */
import type { LinuxVersion } from './linux.ts';

/** What no register says of a machine. */
export interface FromRegisters<S> {
  /** The kernel whose helpers the definition follows. Default: `DEFAULT_LINUX`. */
  readonly linux?: LinuxVersion;
  /** Parts of the state that count instead of what the registers say: the privilege, and what the CPU has. */
  readonly state?: Partial<S>;
}

/** `make`, asked once for each list of words: the machines of an MMU are kept with it. */
export function once<A extends readonly string[], T>(make: (...of: A) => T): (...of: A) => T {
  const made = new Map<string, T>();
  return (...of) => {
    const key = of.join(' ');
    const found = made.get(key) ?? make(...of);
    made.set(key, found);
    return found;
  };
}
