/** `kernel-mm explain`: an access with all its reasons, or one entry by itself. */
import {
  type Arch,
  entry,
  explain,
  explainEntry,
  explainText,
  fieldsOf,
  flatMemory,
  LEVELS,
  mmFromTable,
  type Predicate,
  paddr,
  pXdIs,
  roleOf,
  UsageError,
} from '@kernel-mm/pgtable-core';
import type { InferredOptionTypes } from 'yargs';
import { answered, type Command, command, type Outcome } from '../command.ts';
import { ACCESS, JSON_FLAG } from '../common.ts';
import { limitsOf } from '../read-file.ts';
import { mmuAsked, SOURCE, sourceOf } from '../source.ts';
import { address, hex, json, word } from '../words.ts';

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
    ['explain --at 0x26d4000 --level pgd --guest fixtures/guests/s390x-1.json.gz', 'an entry where it lies'],
  ],
  ends: 'Exit status 0 if the access succeeds, or the entry is a table or a page; else 1.',
  run(asked) {
    if (asked.entry !== undefined)
      return ofEntry(mmuAsked(asked, limitsOf(asked)).arch, word('--entry', asked.entry), asked);
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
  const { arch, memory } = sourceOf(asked);
  const raw = memory.read(paddr(word('--at', text)), arch.entryBytes, arch.spec.byteOrder);
  if (raw === undefined) throw new UsageError('argument', '--at', `an entry of ${arch.entryBytes} bytes in the image`);
  return ofEntry(arch, raw, asked);
}

/** An entry by itself: what it is taken for, its fields, and which of Linux's questions it answers with yes. */
function ofEntry(arch: Arch, raw: bigint, asked: Asked): Outcome {
  const { level } = asked;
  if (level === undefined) throw new UsageError('argument', '--level', LEVELS.join(', '));
  if (raw >> BigInt(8 * arch.entryBytes)) throw new UsageError('argument', '--entry', `${8 * arch.entryBytes} bits`);
  const mm = mmFromTable(arch, flatMemory(new ArrayBuffer(0)), paddr(0n));
  const of = entry(level, raw);
  const role = roleOf(mm, level, of);
  const kind = role === 'table' || (role === 'folded' && arch.spec.levels[level].table) ? 'table' : 'leaf';
  const fields = fieldsOf(arch, level, kind, of);
  const yes = (Object.keys(arch.spec.levels[level].is) as Predicate[]).filter((ask) => pXdIs(mm, ask, level, of));
  const says = explainEntry(mm, level, of);
  const isGood = role === 'table' || role === 'leaf' || role === 'folded';
  if (asked.json) return answered(json({ arch: arch.id, level, entry: raw, role, says, fields, is: yes }), isGood);
  const lines = [
    `${level} ${hex(raw)} of ${arch.id}: ${says}`,
    `  fields: ${
      Object.entries(fields)
        .map(([name, value]) => `${name}=${hex(value)}`)
        .join(' ') || 'none'
    }`,
    `  Linux answers yes to: ${yes.map((ask) => `${level}_${ask}`).join(' ') || 'nothing'}`,
  ];
  return answered(lines.join('\n'), isGood);
}
