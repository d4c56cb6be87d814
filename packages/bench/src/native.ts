/** The native yardsticks: C built with the machine's own compiler when the benchmark runs, or the reason why there is none. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** `translateX(memory, pgd, in, out, n)`: n addresses at byte `in`, answers at byte `out`; how many have one. */
export type NativeTranslate = (memory: Uint8Array, pgd: number, addrs: number, out: number, n: number) => number;

/** `pinX(memory, pgd, starts, n, bytes, write, counts, first, frames, limit)`: pages of n ranges of so many bytes. */
export type NativePin = (
  memory: Uint8Array,
  pgd: number,
  starts: number,
  n: number,
  bytes: number,
  write: number,
  counts: number,
  first: number,
  frames: number,
  limit: number,
) => number;

/** The C walkers. */
export interface Native {
  readonly translateX86: NativeTranslate;
  readonly translateS390: NativeTranslate;
  readonly translateS390Top0: NativeTranslate;
  readonly translateS390Top1: NativeTranslate;
  readonly translateS390Top2: NativeTranslate;
  readonly translateS390Top3: NativeTranslate;
  readonly pinX86: NativePin;
  readonly pinX86Cas: NativePin;
  readonly pinS390: NativePin;
  readonly pinS390Cas: NativePin;
  readonly pinS390Aware: NativePin;
}

/** What could be built, and in words what could not. */
export interface Yardsticks {
  readonly c?: Native;
  /** libaddrxlat's walk of x86-64. */
  readonly addrxlat?: NativeTranslate;
  readonly compiler: string;
  readonly notes: readonly string[];
}

const FLAGS = ['-O2', '-march=native', '-shared', '-fPIC'];
const require = createRequire(import.meta.url);
const sources = join(import.meta.dirname, '..', 'native');

/** Builds what can be built; what cannot is left out, and said. */
export function yardsticks(): Yardsticks {
  const compiler = versionOf('cc');
  if (!compiler) return { compiler: 'none', notes: ['no C compiler (cc): the column of native C is left out'] };
  const notes: string[] = [];
  const attempt = <T>(what: string, file: string, libraries: readonly string[] = []): T | undefined => {
    try {
      return require(built(file, compiler, libraries)) as T;
    } catch (error) {
      notes.push(`${what} is left out: ${String(error).split('\n')[0]}`);
      return undefined;
    }
  };
  const c = attempt<Native>('native C', 'walkers.c');
  const peer = attempt<{ translateAddrxlat: NativeTranslate }>('libaddrxlat (libkdumpfile-dev)', 'addrxlat.c', [
    '-laddrxlat',
  ]);
  return { compiler, notes, ...(c && { c }), ...(peer && { addrxlat: peer.translateAddrxlat }) };
}

function versionOf(command: string): string | undefined {
  try {
    return execFileSync(command, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split(
      '\n',
    )[0];
  } catch {
    return undefined;
  }
}

/** The add-on of a source, built once for each text of the sources and each compiler. */
function built(file: string, compiler: string, libraries: readonly string[]): string {
  const hash = createHash('sha256').update(compiler).update(process.version);
  for (const name of readdirSync(sources).sort()) hash.update(readFileSync(join(sources, name)));
  const folder = join(tmpdir(), `kernel-mm-bench-${process.getuid?.() ?? 0}`);
  const addon = join(folder, `${file}-${hash.digest('hex').slice(0, 16)}.node`);
  if (existsSync(addon)) return addon;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const headers = join(dirname(require.resolve('node-api-headers/package.json')), 'include');
  const draft = `${addon}.${process.pid}`;
  execFileSync('cc', [...FLAGS, '-I', headers, join(sources, file), '-o', draft, ...libraries], { stdio: 'pipe' });
  renameSync(draft, addon);
  return addon;
}
