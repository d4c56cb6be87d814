/** `kernel-mm gup`: a form of gup_fast over a range, read by read, under both oracles. */
import { formatStop, judge, memoryPort, VARIANTS, type VariantName, walkLockless } from '@kernel-mm/gup-fast';
import { type PictureRow, picture, pointerName, StackArea } from '@kernel-mm/pgtable-core';
import { answered, type Command, command } from '../command.ts';
import { JSON_FLAG, NEIGHBOUR } from '../common.ts';
import { SOURCE, sourceOf } from '../source.ts';
import { hex, json, range } from '../words.ts';

const NAMES = Object.keys(VARIANTS) as VariantName[];

/** The lockless walk. */
export const gupCommand: Command = command({
  words: 'gup <range>',
  says: 'walk a range as gup_fast does, in one of its forms',
  positionals: {
    range: { type: 'string', demandOption: true, describe: 'START-END in hex, whole pages; END 0 is 2^64' },
  },
  options: {
    ...SOURCE,
    variant: { type: 'string', choices: NAMES, default: 'offsetLockless', describe: 'the form of walking' },
    ...NEIGHBOUR,
    ...JSON_FLAG,
  },
  examples: [
    ['gup 0x7fffe000-0x80002000 --variant stackCopy --guest fixtures/guests/s390x-1.json.gz', 'the bug of 2020'],
    ['gup 0x7fffe000-0x80002000 --guest fixtures/guests/s390x-1.json.gz', 'as it was mended'],
  ],
  ends: 'Exit status 0 if every page is found and each entry was read where it must be, else 1.',
  run(asked) {
    const [start, end] = range('range', asked.range);
    const mm = sourceOf(asked).mmOf(start);
    const { stepper } = VARIANTS[asked.variant];
    const visits: PictureRow[] = [];
    walkLockless(mm, start, end, {
      stepper,
      port: memoryPort(mm, new StackArea(asked.neighbour)),
      onStep: (step) => visits.push({ ...step, pointer: pointerName(mm, step) }),
    });
    const { leaves, stop, strays, addressCorrect, law } = judge(
      mm,
      stepper,
      start,
      end,
      new StackArea(asked.neighbour),
    );
    const isGood = addressCorrect && !stop;
    if (asked.json) {
      const read = visits.map(({ addr, slot, entry, pointer }) => ({ level: slot.level, addr, slot, entry, pointer }));
      return answered(json({ variant: asked.variant, read, leaves, strays, stop, addressCorrect, law }), isGood);
    }
    const pages = leaves.map(({ addr, end: until, paddr }) => `${hex(addr)}-${hex(until)}  physical ${hex(paddr)}`);
    const lines = [
      picture(mm, visits),
      ...(pages.length ? ['pages:', ...pages.map((page) => `  ${page}`)] : ['no page']),
      ...(stop ? [`stopped: ${formatStop(stop)}`] : []),
      ...(strays.length ? [`stack that is no live copy was read ${strays.length} times`] : []),
      `address-correct: ${addressCorrect ? 'yes' : 'no'}; the page-table law: ${law ? 'kept' : 'broken'}`,
    ];
    return answered(lines.join('\n'), isGood);
  },
});
