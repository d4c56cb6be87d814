/** The compiled engine against the reference engine, on the other half of the architectures. */
import { compareHalf } from './support/same-tests.ts';

compareHalf(1);
