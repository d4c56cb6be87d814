/** `kernel-mm translate`: addresses as the MMU translates them, or the fault with its code. */
import { explainTranslation, translate } from '@kernel-mm/pgtable-core';
import { answered, type Command, command } from '../command.ts';
import { ACCESS, ADDRESSES, JSON_FLAG } from '../common.ts';
import { SOURCE, sourceOf } from '../source.ts';
import { address, hex, json } from '../words.ts';

/** The translation of each address. */
export const translateCommand: Command = command({
  words: 'translate <addr..>',
  says: 'translate addresses as the MMU does',
  positionals: ADDRESSES,
  options: { ...SOURCE, ...ACCESS, ...JSON_FLAG },
  examples: [
    ['translate 0x7fffe000 0x0 --guest fixtures/guests/s390x-1.json.gz', 'two addresses of a process'],
    [
      'translate 0x400000 --access write --guest fixtures/guests/x86_64-l4-1.json.gz --state user=false',
      'another state',
    ],
  ],
  ends: 'Exit status 0 if every access succeeds, 1 if one raises a fault.',
  run(asked) {
    const { machine, memory, rootOf } = sourceOf(asked);
    const found = asked.addr.map((text) => {
      const addr = address('addr', text);
      return { addr, result: translate(machine, memory, { root: rootOf(addr), addr, access: asked.access }) };
    });
    const out = asked.json
      ? json(found)
      : found.map(({ addr, result }) => `${hex(addr)}: ${explainTranslation(asked.access, result)}`).join('\n');
    return answered(
      out,
      found.every(({ result }) => result.kind === 'address'),
    );
  },
});
