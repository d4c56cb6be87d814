import { x86 } from '@kernel-mm/arch-generic';
import { compile } from '@kernel-mm/pgtable-wasm';

const e = compile(x86({ paging: '4-level' }), {});
const t = e.explain();
const i = t.indexOf('(func $pinRange');
console.log(t.slice(i));
