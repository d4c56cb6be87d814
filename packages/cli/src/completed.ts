/** What the shell is offered where yargs has no answer: files for options and FILE, ids for `arch show`. */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { MMU_IDS } from './registry.ts';

/** Behind these the shell's own completion of files is asked, which it goes to where there is no answer. */
const FILES = /^--(guest|image|definition|fixtures|replay)$/;
const MODULE = /\.[cm]?[jt]s$/;
const MODULE_OR_JSON = /\.([cm]?[jt]s|json)$/;

/** The words that may stand last; `undefined` where that is for yargs to say, or nothing is to be completed. */
export function completed([asks, , ...words]: readonly string[]): string[] | undefined {
  if (asks !== '--get-yargs-completions') return undefined;
  const typed = words.at(-1) ?? '';
  if (FILES.test(words.at(-2) ?? '')) return [];
  if (typed.startsWith('-')) return undefined;
  if (words.length === 2 && words[0] === 'judge') return filesLike(typed, MODULE);
  if (words.length === 3 && words[0] === 'arch' && words[1] === 'check') return filesLike(typed, MODULE_OR_JSON);
  if (words.length === 3 && words[0] === 'arch' && words[1] === 'show')
    return MMU_IDS.filter((id) => id.startsWith(typed));
  return undefined;
}

/** Files that begin so; with none, the shell goes on by itself, into folders. */
function filesLike(typed: string, kind: RegExp): string[] {
  const isFolder = typed === '' || typed.endsWith('/');
  const [folder, prefix] = isFolder ? [typed, ''] : [typed.slice(0, -basename(typed).length), basename(typed)];
  try {
    const names = readdirSync(folder || '.', { withFileTypes: true });
    return names.flatMap((one) =>
      !one.isDirectory() && one.name.startsWith(prefix) && kind.test(one.name) ? [`${folder}${one.name}`] : [],
    );
  } catch {
    return []; // no folder, or not ours to read
  }
}
