/** `kernel-mm gup`: a form of gup_fast over a range, read by read, under both oracles. */
import {
  formatStop,
  type GupResult,
  judge,
  memoryPort,
  pinUserPagesFastOnly,
  quietPort,
  VARIANTS,
  type VariantName,
  walkLockless,
} from '@kernel-mm/gup-fast';
import { type PictureRow, picture, pointerName, StackArea, UsageError, vaddrWrap } from '@kernel-mm/pgtable-core';
import { answered, type Command, command } from '../command.ts';
import { JSON_FLAG, NEIGHBOUR } from '../common.ts';
import { SOURCE, sourceOf } from '../source.ts';
import { untag } from '../untag.ts';
import { hex, json, range } from '../words.ts';

/** What the walk and the call stop at by themselves. */
const BUDGET = 2 ** 20;
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
    write: { type: 'boolean', default: false, describe: 'pin for writing, as FOLL_WRITE asks' },
    ...NEIGHBOUR,
    ...JSON_FLAG,
  },
  examples: [
    ['gup 0x7fffe000-0x80002000 --variant stackCopy --guest fixtures/guests/s390x-1.json.gz', 'the bug of 2020'],
    ['gup 0x7fffe000-0x80002000 --guest fixtures/guests/s390x-1.json.gz', 'as it was mended'],
    ['gup 0x2000-0x5000 --write --guest fixtures/guests/s390x-1.json.gz', 'which pages may be written'],
  ],
  ends: 'Exit status 0 if every page is pinned and each entry was read where it must be, else 1. At most 2^20 pages are walked.',
  run(asked) {
    const [from, to] = range('range', asked.range);
    if (from === to) throw new UsageError('argument', 'range', 'a range that is not empty');
    const source = sourceOf(asked);
    const { addr: start, note } = untag(source, from);
    const end = vaddrWrap(start + to - from);
    const mm = source.mmOf(start);
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
    const pages = Number(((end || 1n << 64n) - start) >> BigInt(mm.arch.spec.pageShift));
    const port = quietPort(mm, undefined, new StackArea(asked.neighbour));
    const pinned = pinUserPagesFastOnly(
      { mm, port, stepper },
      start,
      Math.min(pages, BUDGET),
      asked.write ? ['WRITE'] : [],
    );
    const isGood = addressCorrect && !stop && pinned.ret === pages;
    if (asked.json) {
      const read = visits.map(({ addr, slot, entry, pointer }) => ({ level: slot.level, addr, slot, entry, pointer }));
      return answered(
        json({
          variant: asked.variant,
          ...(note !== undefined && { note }),
          read,
          leaves,
          strays,
          stop,
          addressCorrect,
          law,
          pinned,
        }),
        isGood,
      );
    }
    const found = leaves.map(({ addr, end: until, paddr }) => `${hex(addr)}-${hex(until)}  physical ${hex(paddr)}`);
    const lines = [
      ...(note === undefined ? [] : [note]),
      picture(mm, visits),
      ...(found.length ? ['pages:', ...found.map((page) => `  ${page}`)] : ['no page']),
      ...(stop ? [`stopped: ${formatStop(stop)}`] : []),
      ...(strays.length ? [`stack that is no live copy was read ${strays.length} times`] : []),
      `address-correct: ${addressCorrect ? 'yes' : 'no'}; the page-table law: ${law ? 'kept' : 'broken'}`,
      `pinned for ${asked.write ? 'writing' : 'reading'}: ${pinned.ret} of ${pages} pages${whyShort(pinned)}`,
    ];
    return answered(lines.join('\n'), isGood);
  },
});

const whyShort = ({ stop, error }: GupResult): string => (stop ? `: ${formatStop(stop)}` : error ? `: ${error}` : '');
