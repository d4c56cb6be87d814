/** Every fixture of the repository, fact by fact, by the functions of the command; and none may lose a fact unnoticed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURES } from '@kernel-mm/arch-generic';
import { checkFile, type FileReport } from '@kernel-mm/cli';
import { describe, expect, test } from 'vitest';

const fixtures = join(import.meta.dirname, '../fixtures');
const namesIn = (folder: string, end: string): string[] =>
  readdirSync(join(fixtures, folder))
    .filter((name) => name.endsWith(end))
    .map((name) => name.slice(0, -end.length));

/** What failed, in words; with every count of a kind that is in the table. */
function told({ findings, error }: FileReport, kinds: readonly string[]): object {
  const failed = findings.failures.map(({ kind, name, expected, got }) => `${kind}: ${name}: ${expected}, not ${got}`);
  return { error, failed, counts: kinds.map((kind) => findings.checked.get(kind) ?? 0) };
}

describe('guests', () => {
  const kinds = [
    ...['pagemap', 'swap', 'content', 'head', 'qemu_gpa', 'touch_r', 'touch_w', 'fault code', 'fault report', 'kernel'],
    ...['gup_fast', 'leaf size', 'access', 'lrag'],
  ];
  // biome-ignore format: a table
  const counts: Readonly<Record<string, readonly number[]>> = {
    'arm64-1':                   [ 871,   6,  284, 429,  913, 395, 202, 237,   0, 75, 348,   0,    0,    0],
    'arm64-16k-1':               [ 952,   0,  267, 416, 1004, 576, 278, 365,   0, 88, 512,   0,    0,    0],
    'arm64-lva5-1':              [1203,   0,  387, 573, 1255, 620, 293, 392,   0, 90, 553,   0,    0,    0],
    'ppc64le-1':                 [ 802,   6,  304, 442,  849, 521, 251, 332,   0, 29, 481, 479,    0,    0],
    'riscv64-sv48-1':            [ 826,   0,  252, 391,  871, 382, 194,   0,   0, 76, 351, 337,    0,    0],
    'riscv64-sv57-1':            [1138,   0,  325, 508, 1194, 612, 280,   0,   0, 75, 572, 554,    0,    0],
    's390x-1':                   [1469,  18,  308, 566, 1530, 831, 393,   0, 124, 73, 776, 728,    0,    0],
    's390x-edat-1':              [1654,  18,  461, 730, 1715, 884, 413,   0, 134, 73, 826, 776,    0,    0],
    's390x-edat2g-1':            [1680,  18,  485, 754, 1741, 887, 414,   0, 135, 74, 829, 779,    0,    0],
    's390x-upgrade-1-up-l3':     [ 175,   0,   28,  55,  182,   0,   0,   0,   0, 73,   0,   0,    0,    0],
    's390x-upgrade-1-up-l4':     [ 182,   0,   36,  63,  189,   0,   0,   0,   0, 73,   0,   0,    0,    0],
    's390x-upgrade-1-up-l5':     [ 189,   0,   44,  71,  196,   0,   0,   0,   0, 73,   0,   0,    0,    0],
    's390x-upgrade-1-up-l5-unmapped': [ 189,   0,   36,  63,  196,   0,   0,   0,   0, 73,   0,   0,    0,    0],
    'x86_64-l4-1':               [1033,   6,  287, 494, 1086, 388, 200, 236,   0, 90, 343, 341,    0,    0],
    'x86_64-l5-1':               [1404,  12,  391, 649, 1465, 644, 311, 405,   0, 90, 587, 585,    0,    0],
    'x86_64-l5-1g-1':            [1430,  12,  415, 673, 1491, 647, 312, 407,   0, 91, 590, 588,    0,    0],
    's390x-dat-noedat-1':        [   0,   0,  839,   0,    0,   0,   0,   0,   0,  0,   0,   0, 3997, 3997],
    's390x-dat-edat1-3':         [   0,   0,  893,   0,    0,   0,   0,   0,   0,  0,   0,   0, 4568, 4568],
    's390x-dat-edat2-1':         [   0,   0, 1144,   0,    0,   0,   0,   0,   0,  0,   0,   0, 6119, 6119],
  };

  test('each is in the table', () => {
    const guests = namesIn('guests', '.json.gz').filter((name) => !name.endsWith('.infotlb'));
    expect(guests.sort()).toEqual(Object.keys(counts).sort());
  });

  test.each(Object.entries(counts))('%s', (name, of) => {
    const report = checkFile(join(fixtures, 'guests', `${name}.json.gz`));
    expect(told(report, kinds)).toEqual({ error: undefined, failed: [], counts: of });
    expect(report.findings.passed).toBe(of.reduce((sum, n) => sum + n));
  });
});

describe('vectors', () => {
  /** Rows that QEMU answers against the manual: it makes a page of PBMT = 3, which is reserved (docs/adr/0010). */
  const DEVIATIONS: Readonly<Record<string, number>> = {
    'riscv-sv39-edges': 5,
    'riscv-sv48-edges': 1,
    'riscv-sv57-edges': 1,
  };

  const byHand = namesIn('vectors', '.json');
  const executed = namesIn('vectors/executed', '.json.gz');

  test.each(byHand)('by hand: %s', (name) => {
    const file = join(fixtures, 'vectors', `${name}.json`);
    const report = checkFile(file);
    expect(told(report, [])).toMatchObject({ error: undefined, failed: [] });
    expect(report.findings.passed).toBe(JSON.parse(readFileSync(file, 'utf8')).cases.length);
    expect(report.findings.deviations.size).toBe(0);
  });

  test.each(executed)('executed: %s', (name) => {
    const report = checkFile(join(fixtures, 'vectors/executed', `${name}.json.gz`));
    expect(told(report, [])).toMatchObject({ error: undefined, failed: [] });
    const { checked, deviations } = report.findings;
    expect([...deviations.values()]).toEqual(DEVIATIONS[name] ? [DEVIATIONS[name]] : []);
    const rows = { arm64: 44, riscv: 200, x86: 150, s390: 330 }[name.split('-')[0] as 'arm64'];
    expect(checked.get('walk')).toBeGreaterThanOrEqual(rows);
  });

  test('there are some for every architecture', () => {
    // Two folds at boot, and the levels that user-mode Linux has now, are in no vector format.
    const ids = Object.keys(ARCHITECTURES).filter((id) => !/-nolpa2$|^um-4level-64$/.test(id));
    expect(byHand).toEqual(expect.arrayContaining(['s390', ...ids]));
    expect(executed).toHaveLength(21);
  });
});
