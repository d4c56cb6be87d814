/** Drawings: well-formed, complete, within their frame, and safe whatever a name holds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  explain,
  type Figure,
  figureOf,
  figureOfExplained,
  linuxMmu,
  type Mm,
  machine,
  svg,
  vaddr,
  walk,
} from '../src/index.ts';
import { arbitrarySpace } from '../src/testing/index.ts';
import { deepMmu } from './support/deep-mmu.ts';
import { property } from './support/runs.ts';
import { tables } from './support/tables.ts';
import { toy3, toyProcess, toys, U, V, YOUNG } from './support/toys.ts';

interface Node {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Node[];
  text: string;
}

/** A document by the few rules of XML that a drawing uses; anything else is an error. */
function parse(xml: string): Node {
  const root: Node = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const token = /<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)>|([^<]+)/gy;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const match = token.exec(xml);
    if (!match) throw new Error(`not XML: ${xml.slice(at, at + 40)}`);
    const [, close, name = '', said = '', text] = match;
    if (/&(?!#\d+;)|&#0;/.test(text ?? said)) throw new Error(`a bare &: ${match[0]}`);
    if (text !== undefined) open.at(-1)!.text += text;
    else if (close) {
      if (open.pop()?.name !== name) throw new Error(`${name} is closed, and was not open`);
    } else {
      const pairs = [...said.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!] as const);
      if (new Set(pairs.map(([key]) => key)).size !== pairs.length) throw new Error(`an attribute twice: ${said}`);
      const node: Node = { name, attributes: Object.fromEntries(pairs), children: [], text: '' };
      open.at(-1)!.children.push(node);
      open.push(node);
    }
  }
  if (open.length !== 1 || root.children.length !== 1 || root.text) throw new Error('not one document');
  return root.children[0]!;
}

const all = (node: Node): Node[] => [node, ...node.children.flatMap(all)];
const ofClass = (node: Node, name: string): Node[] => all(node).filter(({ attributes }) => attributes.class === name);
const textsOf = (node: Node): string[] => all(node).flatMap(({ name, text }) => (name === 'text' ? [text] : []));
const unescaped = (text: string): string => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
const draw = (figure: Figure): Node => parse(svg(figure));

// A process of three levels: pgd, p4d and pud read the same slot.
const process: Mm = tables(toyProcess, 0x1000n, {
  '0x1000': 5n,
  '0x1008': 0x1041n,
  '0x1050': 0x1080n,
  '0x1098': 0x9021n,
});
// pgd[1] -> pmd at 0x1080; pmd[15] -> ptes at 0x1040; pte[3] is a page that cannot be written.
const three: Mm = tables(toy3, 0x1000n, {
  '0x1008': V | 0x1080n,
  '0x10f8': V | 0x1040n,
  '0x1058': V | U | YOUNG | 0x9000n,
});
const told = (addr: bigint) =>
  explain(machine(deepMmu(toy3)), three.memory, { root: 0x1000n, addr: vaddr(addr), access: 'write' });

describe('the walk of the kernel', () => {
  const node = draw(figureOf(process, walk(process, vaddr(0x5_3678n))));

  test('the address over the levels that have tables, and what is left', () => {
    expect(ofClass(node, 'piece').map(textsOf)).toEqual([
      ['above 63…21', '0x0'],
      ['pud 20…18', '[1]'],
      ['pmd 17…15', '[2]'],
      ['pte 14…12', '[3]'],
      ['offset 11…0', '0x678'],
    ]);
  });

  test('a box for each table with the slot that was used, and none for a folded level', () => {
    expect(ofClass(node, 'table').map(textsOf)).toEqual([
      ['pgd', '8 slots', '[1]', '0x1041'],
      ['pmd', '8 slots', '[2]', '0x1080'],
      ['pte', '8 slots', '[3]', '0x9021'],
    ]);
    expect(ofClass(node, 'folded').map(textsOf)).toEqual([
      ['p4d', 'folded: no table', '[1]', '0x1041'],
      ['pud', 'folded: no table', '[1]', '0x1041'],
    ]);
    const boxes = (name: string) =>
      ofClass(node, name).map(({ children }) => children.filter((c) => c.name === 'rect').length);
    expect([boxes('table'), boxes('folded')]).toEqual([
      [2, 2, 2],
      [1, 1],
    ]);
  });

  test('the page at the end, and a line from the piece for pud to the table that it indexes', () => {
    expect(ofClass(node, 'memory').flatMap(textsOf).join(' ')).toBe('physical 0x9678, a 4 KiB page of level pte');
    expect(ofClass(node, 'fault')).toEqual([]);
    // One guide for each table, an arrow and its head for each entry.
    expect(all(node).filter(({ name }) => name === 'path')).toHaveLength(3 + 2 * 5);
  });

  test('a page above pte: the offset is as long as the page', () => {
    const large = tables(toy3, 0x1000n, { '0x1000': 0x1081n, '0x1080': 0x8003n });
    const pieces = ofClass(draw(figureOf(large, walk(large, vaddr(0x123n)))), 'piece').map(
      (piece) => textsOf(piece)[0],
    );
    expect(pieces).toEqual(['above 63…21', 'pgd 20…19', 'pmd 18…15', 'offset 14…0']);
  });
});

describe('a translation', () => {
  test('that is refused: the fault in words, no breaks in them', () => {
    const node = draw(figureOfExplained(told(0xf_b678n)));
    expect(ofClass(node, 'fault').flatMap(textsOf).join(' ')).toBe(
      'write raises protection (0x4), at the pte entry at 0x1058: write is not allowed',
    );
    expect(ofClass(node, 'table').map((one) => textsOf(one).slice(0, 3))).toEqual([
      ['pgd', '4 slots', '[1]'],
      ['pmd', '16 slots', '[15]'],
      ['pte', '8 slots', '[3]'],
    ]);
  });

  test('that did not begin: the sentence alone', () => {
    const node = draw(figureOfExplained(told(1n << 20n)));
    expect(ofClass(node, 'table')).toEqual([]);
    expect(ofClass(node, 'fault')).toHaveLength(1);
  });

  test('a slot lies as deep in its table as its index says', () => {
    const [first, last] = [told(0x8_3678n), told(0xf_b678n)].map((one) => {
      const [table, slot] = ofClass(draw(figureOfExplained(one)), 'table')[1]!.children.filter(
        (c) => c.name === 'rect',
      );
      const [top, y, height, depth] = [
        table?.attributes.y,
        slot?.attributes.y,
        slot?.attributes.height,
        table?.attributes.height,
      ].map(Number);
      expect(y! > top! && y! + height! < top! + depth!).toBe(true);
      return y!;
    });
    expect(last).toBeGreaterThan(first!);
  });
});

describe('every drawing', () => {
  test.each(toys.map((arch) => [arch.id, arch] as const))(
    '%s: is XML, says what it shows, and stays in its frame',
    (_id, arch) => {
      const access = fc.constantFrom('read', 'write', 'execute');
      fc.assert(
        fc.property(arbitrarySpace(arch), fc.bigInt(0n, 2n ** 64n - 1n), access, ({ mm, mappings }, more, how) => {
          for (const addr of [more, ...mappings.map((one) => one.addr)]) {
            const query = { root: mm.root ?? 0n, addr: vaddr(addr), access: how as 'read' };
            const explained = explain(machine(linuxMmu(arch)), mm.memory, query);
            for (const figure of [figureOf(mm, walk(mm, vaddr(addr))), figureOfExplained(explained)]) {
              const node = draw(figure);
              const { width, height, role, 'aria-label': label } = node.attributes;
              expect(svg(figure)).toBe(svg(figure));
              expect([role, label]).toEqual(['img', figure.title]);
              expect(node.children.slice(0, 2).map(({ name, text }) => [name, unescaped(text)])).toEqual([
                ['title', figure.title],
                ['desc', figure.text],
              ]);
              expect(new Set(all(node).map(({ name }) => name))).toEqual(
                new Set(['svg', 'title', 'desc', 'rect', 'text', 'g', ...(figure.tables.length > 0 ? ['path'] : [])]),
              );
              for (const { attributes } of all(node)) {
                const { x = 0, y = 0, width: w = 0, height: h = 0 } = attributes;
                expect(Number(x) + Number(w)).toBeLessThanOrEqual(Number(width));
                expect(Number(y) + Number(h)).toBeLessThanOrEqual(Number(height));
                expect(Math.min(Number(x), Number(y))).toBeGreaterThanOrEqual(0);
              }
            }
          }
        }),
        { ...property, numRuns: property.numRuns / 5 },
      );
    },
  );

  test('a name may hold anything', () => {
    const title = `<script>alert("1")</script> & 'it' \u0000\u0007\ud800 …`;
    const node = draw({ title, pieces: [], tables: [], end: { kind: 'fault', words: title }, text: title });
    expect(all(node).map(({ name }) => name)).not.toContain('script');
    expect(unescaped(node.children[0]!.text)).toBe(`<script>alert("1")</script> & 'it' \ufffd\ufffd\ufffd …`);
  });
});
