/** `kernel-mm explain`: an access with all its reasons, or one entry by itself. */
import type { LinuxVersion } from '@kernel-mm/arch-generic';
import { explain, explainText, LEVELS, type Machine, paddr, UsageError } from '@kernel-mm/pgtable-core';
import type { InferredOptionTypes } from 'yargs';
import { answered, type Command, command, type Outcome } from '../command.ts';
import { ACCESS, JSON_FLAG } from '../common.ts';
import { loneEntry, loneEntryText } from '../lone-entry.ts';
import { limitsOf } from '../read-file.ts';
import { machineAsked, SOURCE, sourceOf, versionAsked } from '../source.ts';
import { address, json, word } from '../words.ts';

const ENTRY = {
  entry: {
    type: 'string',
    describe: 'an entry alone instead, with --level and --arch',
    conflicts: ['addr', 'at', 'guest', 'image'],
  },
  at: { type: 'string', describe: 'the entry at this physical address instead, with --level', conflicts: 'addr' },
  level: { type: 'string', choices: LEVELS, describe: 'the level of that entry', conflicts: 'addr' },
} as const;
const OPTIONS = { ...SOURCE, ...ACCESS, ...ENTRY, ...JSON_FLAG } as const;
type Asked = InferredOptionTypes<typeof OPTIONS>;

/** Fields, rights that are taken away, the rule that refused, and what would change it. */
export const explainCommand: Command = command({
  words: 'explain [addr]',
  says: 'say why an access ends as it does, or what an entry is',
  positionals: { addr: { type: 'string', describe: 'a virtual address, in hex or decimal' } },
  options: OPTIONS,
  examples: [
    ['explain 0x0 --access write --guest fixtures/guests/s390x-1.json.gz', 'each field, each right, the way out'],
    ['explain --entry 0x80000000000000e7 --level pmd --arch x86-64', 'the bits of one entry'],
    ['explain --entry 0xa07070a0506090a --level pte --arch arm64-4k-va39 --linux 6.0', 'a swap entry'],
    ['explain --at 0x26d4000 --level pgd --guest fixtures/guests/s390x-1.json.gz', 'an entry where it lies'],
  ],
  ends:
    'Exit status 0 if the access succeeds, or Linux takes the entry for a table or a page, and with --state the machine too; else 1. ' +
    'An entry by itself has no address: rules that look at the address or the root are not asked, and are named.',
  run(asked) {
    if (asked.entry !== undefined) {
      const on = machineAsked(asked, limitsOf(asked));
      return ofEntry(on, word('--entry', asked.entry), asked, versionAsked(asked));
    }
    if (asked.at !== undefined) return ofWord(asked.at, asked);
    if (asked.addr === undefined) throw new UsageError('argument', 'addr', 'an address, or --entry, or --at');
    const { machine, memory, rootOf } = sourceOf(asked);
    const addr = address('addr', asked.addr);
    const explained = explain(machine, memory, { root: rootOf(addr), addr, access: asked.access });
    return answered(asked.json ? json(explained) : explainText(explained), explained.result.kind === 'address');
  },
});

/** The entry that lies at a physical address. */
function ofWord(text: string, asked: Asked): Outcome {
  const { arch, memory, machine, linux } = sourceOf(asked);
  const raw = memory.read(paddr(word('--at', text)), arch.entryBytes, arch.spec.byteOrder);
  if (raw === undefined) throw new UsageError('argument', '--at', `an entry of ${arch.entryBytes} bytes in the image`);
  return ofEntry(machine, raw, asked, linux);
}

/** An entry by itself. What the machine says counts for the status where its state is said. */
function ofEntry(
  on: Machine,
  raw: bigint,
  { level, json: asJson, state, definition }: Asked,
  linux?: LinuxVersion,
): Outcome {
  if (level === undefined) throw new UsageError('argument', '--level', LEVELS.join(', '));
  const { entryBytes } = on.arch;
  if (raw >> BigInt(8 * entryBytes)) throw new UsageError('argument', '--entry', `${8 * entryBytes} bits`);
  const { machine, ...byLinux } = loneEntry(on, level, raw, linux);
  // A definition of one's own has no MMU: the machine would be Linux once more.
  const hasMmu = definition === undefined;
  const found = { ...byLinux, ...(machine && hasMmu && { machine }) };
  const isGood = found.role === 'table' || found.role === 'leaf' || found.role === 'folded';
  const isRefused = state?.length && found.machine?.kind === 'fault';
  return answered(asJson ? json(found) : loneEntryText(found, hasMmu), isGood && !isRefused);
}
