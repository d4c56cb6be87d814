#!/usr/bin/env node
/** The `kernel-mm` command: the streams, the exit status, and the last catch. Signals end it as the system does. */
import type { Outcome } from './command.ts';
import { runAsync } from './run.ts';
import { oneLine } from './visible.ts';

// A reader that has seen enough, such as head, is no error; a disk that is full is one.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`kernel-mm: the output cannot be written: ${oneLine(error.message)}\n`);
  process.exitCode = 1;
});
process.stderr.on('error', () => undefined); // there is nobody left to tell

const { out, error, status } = await answer();
process.exitCode = status;
process.stdout.write(out);
process.stderr.write(error);

async function answer(): Promise<Outcome> {
  try {
    return await runAsync(process.argv.slice(2), process.stdout.isTTY === true && process.stdout.hasColors());
  } catch (error) {
    const told = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { out: '', error: `kernel-mm: a fault of its own, please report it: ${oneLine(told)}\n`, status: 1 };
  }
}
