// A TypeScript consumer of the libraries, compiled as .mts, .cts and .ts with the types of neither Node nor a browser.
import * as archGeneric from '@kernel-mm/arch-generic';
import * as archS390 from '@kernel-mm/arch-s390';
import * as gupFast from '@kernel-mm/gup-fast';
import * as core from '@kernel-mm/pgtable-core';
import * as guest from '@kernel-mm/pgtable-core/guest';

export const modules: object[] = [archGeneric, archS390, gupFast, core, guest];
