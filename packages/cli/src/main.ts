#!/usr/bin/env node
/** The `kernel-mm` command. */
import { run } from './run.ts';

const coloured = process.stdout.isTTY === true && process.stdout.hasColors();
const { out, error, status } = run(process.argv.slice(2), coloured);
process.stdout.write(out);
process.stderr.write(error);
process.exitCode = status;
