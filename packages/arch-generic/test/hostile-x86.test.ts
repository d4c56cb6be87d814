import { hostile } from './support/hostile.ts';

hostile(/^x86/);
