/** The exports of a file of one's own: what Node reads by itself, and TypeScript by the package tsx where Node does not. */
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '@kernel-mm/pgtable-core';

/** What a module exports, by name. */
export type Exports = Readonly<Record<string, unknown>>;

/** Why Node cannot read a TypeScript file: it knows none, or not this syntax. */
const UNREAD = /^ERR_(UNKNOWN_FILE_EXTENSION|UNSUPPORTED_TYPESCRIPT_SYNTAX|NO_TYPESCRIPT)$/;

/**
 * Loads a `.js`, `.mjs`, `.cjs` or `.ts` file.
 * @throws UsageError `argument` for a file that is none or throws, and where tsx is needed and not found
 */
export async function exportsOf(file: string): Promise<Exports> {
  if (!/\.[cm]?[jt]s$/.test(file)) throw new UsageError('argument', file, 'a .js, .mjs or .ts module');
  checkFile(file);
  const { href } = pathToFileURL(resolve(file));
  try {
    return unwrapped(await import(href));
  } catch (error) {
    if (!UNREAD.test(codeOf(error))) throw thrown(file, error);
  }
  const load = await tsxBeside(file);
  try {
    return unwrapped(await load(href, import.meta.url));
  } catch (error) {
    throw thrown(file, error);
  }
}

/**
 * Refuses what is no regular file.
 * @throws UsageError `argument`
 */
export function checkFile(file: string): void {
  let isFile = false;
  try {
    isFile = statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    // The system has no such name, or keeps it to itself: no file that can be read.
  }
  if (!isFile) throw new UsageError('argument', file, 'a file that can be read');
}

type TsImport = (url: string, parent: string) => Promise<Exports>;

/** tsx, as it is installed beside the file or in the working directory. */
async function tsxBeside(file: string): Promise<TsImport> {
  for (const from of [resolve(file), join(process.cwd(), 'x.js')])
    try {
      // Found as CommonJS finds it, which may begin anywhere; of its two builds only the ES module can load others.
      const found = createRequire(from)
        .resolve('tsx/esm/api')
        .replace(/\.cjs$/, '.mjs');
      return ((await import(pathToFileURL(found).href)) as { tsImport: TsImport }).tsImport;
    } catch (error) {
      if (codeOf(error) !== 'MODULE_NOT_FOUND') throw thrown('tsx', error);
    }
  throw new UsageError('argument', file, 'JavaScript, or tsx to read TypeScript with: npm install tsx');
}

/** A CommonJS module that was an ES module once has its exports in its default. */
function unwrapped(module: Exports): Exports {
  const { default: whole } = module;
  const isWrapped = typeof whole === 'object' && whole !== null && '__esModule' in whole;
  return isWrapped ? (whole as Exports) : module;
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

const thrown = (file: string, error: unknown): UsageError => {
  const refused = new UsageError('argument', file, `a module that loads, and it throws ${String(error)}`);
  refused.cause = error;
  return refused;
};
