/** The code blocks of the repository's texts: what Markdown fences, and what doc comments give as examples. */
import { readdirSync, readFileSync } from 'node:fs';

/** One block, and the line of its first line of code. */
export interface Block {
  readonly file: string;
  readonly line: number;
  /** The word behind the fence; empty if there is none. */
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of Markdown. */
export function fenced(file: string, markdown: string, from = 1): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const [, indent, language] = /^(\s*)```(\S*)/.exec(lines[at]!) ?? [];
    if (indent === undefined || language === undefined) continue;
    const end = lines.findIndex((line, n) => n > at && line.trim() === '```');
    if (end < 0) throw new Error(`${file}:${from + at}: a block that does not end`);
    const text = lines.slice(at + 1, end).map((line) => line.slice(indent.length));
    blocks.push({ file, line: from + at + 1, language, text: text.join('\n') });
    at = end;
  }
  return blocks;
}

/** The blocks of a source's doc comments: fenced ones, and an `@example` without a fence. */
export function documented(file: string, source: string): Block[] {
  return [...source.matchAll(/\/\*\*.*?\*\//gs)].flatMap(({ 0: comment, index }) => {
    const text = comment.slice(3, -2).replace(/^[^\S\n]*\* ?/gm, '');
    const line = source.slice(0, index).split('\n').length;
    const bare = text.replace(/@example\b([^\n`]*)\n((?:(?!\s*@|\s*```).*\n?)+)/g, (all, _title, code: string) =>
      code.trim() ? `\`\`\`ts\n${code}\n\`\`\`\n` : all,
    );
    return fenced(file, bare, line);
  });
}

const root = new URL('../../', import.meta.url);

const filesUnder = (folder: string, pattern: RegExp): string[] =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((path) => pattern.test(path) && !/(^|\/)(node_modules|dist|site)\//.test(path))
    .map((path) => `${folder}${path}`.replace(/^\.\//, ''))
    .sort();

const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** The Markdown that a reader of the project meets, by its path. */
export function allTexts(): [path: string, text: string][] {
  const own = readdirSync(root).filter((name) => name.endsWith('.md'));
  const paths = [...own, ...filesUnder('docs/', /\.md$/), ...filesUnder('packages/', /^[^/]+\/README\.md$/)];
  return paths.map((path) => [path, read(path)]);
}

/** Every block of these texts, and of the doc comments of every source. */
export function allBlocks(): Block[] {
  const sources = filesUnder('packages/', /^[^/]+\/src\/.*\.ts$/);
  return [
    ...allTexts().flatMap(([path, text]) => fenced(path, text)),
    ...sources.flatMap((path) => documented(path, read(path))),
  ];
}
