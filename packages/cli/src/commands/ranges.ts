/** `kernel-mm ranges`: what an address space maps, in order, with the rights of both sides. */
import { formatSize, type RangesItem, type Rights, ranges, vaddr } from '@kernel-mm/pgtable-core';
import { answered, type Command, command } from '../command.ts';
import { JSON_FLAG } from '../common.ts';
import { SOURCE, sourceOf } from '../source.ts';
import { address, count, hex, json } from '../words.ts';

/** The listing. */
export const rangesCommand: Command = command({
  words: 'ranges',
  says: 'list what an address space maps',
  positionals: {},
  options: {
    ...SOURCE,
    from: { type: 'string', default: '0x0', describe: 'the first address' },
    to: { type: 'string', default: '0x0', describe: 'the address behind the last; 0 is 2^64' },
    merge: { type: 'string', choices: ['page', 'size', 'any'], default: 'size', describe: 'which neighbours are one' },
    limit: { type: 'string', default: '1000', describe: 'how many lines at most' },
    budget: { type: 'string', default: '1048576', describe: 'how many slots to look at' },
    ...JSON_FLAG,
  },
  examples: [
    ['ranges --guest fixtures/guests/s390x-1.json.gz', 'a process'],
    ['ranges --guest fixtures/guests/x86_64-l4-1.json.gz --from 0x400000 --limit 3', 'a part of it'],
  ],
  ends:
    'Where parts of the addresses have roots of their own (the halves of arm64, the quadrants of powerpc), the part of ' +
    '--from is listed. A listing that is not complete says where to go on. Exit status 0; 1 where no walk begins.',
  run(asked) {
    const { machine, memory, rootOf } = sourceOf(asked);
    const [start, end] = [address('--from', asked.from), address('--to', asked.to)];
    const options = { start, end, merge: asked.merge, budget: count('--budget', asked.budget) } as const;
    const found: RangesItem[] = [];
    const limit = count('--limit', asked.limit);
    for (const item of ranges(machine, memory, rootOf(start), options)) {
      // What would be one too many says where it begins.
      const isOver = found.length === limit;
      found.push(isOver && item.kind !== 'cursor' ? { kind: 'cursor', next: vaddr(item.start) } : item);
      if (isOver) break;
    }
    const isGood = !found.some((item) => item.kind === 'problem' && item.problem === 'no-walk');
    return answered(asked.json ? json(found) : found.map(line).join('\n') || 'nothing is mapped', isGood);
  },
});

const rights = ({ read, write, execute }: Rights): string =>
  `${read ? 'r' : '-'}${write ? 'w' : '-'}${execute ? 'x' : '-'}`;

function line(item: RangesItem): string {
  if (item.kind === 'cursor') return `… and more: go on with --from ${hex(item.next)}`;
  const where = `${hex(item.start)}-${item.end ? hex(item.end) : '2^64'}`;
  if (item.kind === 'problem') return `${where}  ${item.problem}: ${item.why}`;
  const { paddr, pageSize, level, user, supervisor, refused } = item;
  const pages = `${formatSize(pageSize)} pages${level ? ` of ${level}` : ''}`;
  const who = refused ?? `user ${rights(user)}, kernel ${rights(supervisor)}`;
  return `${where}  physical ${hex(paddr)}  ${pages}  ${who}`;
}
