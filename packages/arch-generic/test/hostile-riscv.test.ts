import { hostile } from './support/hostile.ts';

hostile(/^riscv/);
