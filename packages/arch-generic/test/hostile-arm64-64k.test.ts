import { hostile } from './support/hostile.ts';

hostile(/^arm64-64k/);
