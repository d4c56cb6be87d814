/** The command as a process: its streams and its exit status. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const command = (...words: string[]) =>
  spawn(process.execPath, ['--conditions=@kernel-mm/source', '--import', 'tsx', 'packages/cli/src/main.ts', ...words], {
    cwd: root,
  });

test('a reader that stops reading is no error', async () => {
  // More than a pipe holds.
  const child = command('arch', 'show', 's390', '--json');
  const closed = once(child, 'close');
  let error = '';
  child.stderr.on('data', (said) => {
    error += said;
  });
  child.stdout.destroy();
  expect([await closed, error]).toEqual([[0, null], '']);
});

test('what is off goes to the error stream, with its status', async () => {
  const child = command('wlak');
  const closed = once(child, 'close');
  let [out, error] = ['', ''];
  child.stdout.on('data', (said) => {
    out += said;
  });
  child.stderr.on('data', (said) => {
    error += said;
  });
  expect([await closed, out]).toEqual([[2, null], '']);
  expect(error).toBe('kernel-mm: Did you mean walk? (see kernel-mm --help)\n');
});
