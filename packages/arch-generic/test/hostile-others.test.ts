import { hostile } from './support/hostile.ts';

hostile(/^(arm-|powerpc|sparc|um)/);
