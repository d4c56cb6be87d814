/** `kernel-mm walk`: addresses by the kernel's reading, each entry that is read, and where it ends. */
import { explainEntry, pictureOf, walk } from '@kernel-mm/pgtable-core';
import { answered, type Command, command } from '../command.ts';
import { ADDRESSES, JSON_FLAG } from '../common.ts';
import { SOURCE, sourceOf } from '../source.ts';
import { untag } from '../untag.ts';
import { address, json } from '../words.ts';

/** The walk of each address. */
export const walkCommand: Command = command({
  words: 'walk <addr..>',
  says: 'walk addresses as Linux reads the tables',
  positionals: ADDRESSES,
  options: { ...SOURCE, ...JSON_FLAG },
  examples: [
    ['walk 0x7fffe000 --guest fixtures/guests/s390x-1.json.gz', 'the first process of a guest'],
    ['walk 0x400000 --guest fixtures/guests/x86_64-l4-1.json.gz --process 1 --json', 'for programs'],
  ],
  ends: 'Exit status 0 if every address leads to a page, 1 if one does not.',
  run(asked) {
    const source = sourceOf(asked);
    const found = asked.addr.map((text) => {
      const { addr, note } = untag(source, address('addr', text));
      const mm = source.mmOf(addr);
      return { mm, note, trace: walk(mm, addr) };
    });
    const out = asked.json
      ? json(
          found.map(({ mm, note, trace: { addr, steps, result } }) => ({
            addr,
            ...(note !== undefined && { note }),
            result,
            steps: steps.map((step) => ({ ...step, says: explainEntry(mm, step.level, step.entry) })),
          })),
        )
      : found.map(({ mm, note, trace }) => `${note ? `${note}\n` : ''}${pictureOf(mm, trace)}`).join('\n\n');
    return answered(
      out,
      found.every(({ trace: { result } }) => result.kind === 'leaf'),
    );
  },
});
