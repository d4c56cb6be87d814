/** The compiled engine against the reference engine, on every second architecture. */
import { compareHalf } from './support/same-tests.ts';

compareHalf(0);
