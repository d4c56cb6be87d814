#!/usr/bin/env node
/** The `kernel-mm` command. */
import { run } from './run.ts';

// A reader that has seen enough, such as head, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const coloured = process.stdout.isTTY === true && process.stdout.hasColors();
const { out, error, status } = run(process.argv.slice(2), coloured);
process.stdout.write(out);
process.stderr.write(error);
process.exitCode = status;
