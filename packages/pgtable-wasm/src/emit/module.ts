/** One module for one architecture: every operation, written anew for the choices made. */
import type { Arch } from '@kernel-mm/pgtable-core';
import type { Choice } from '../options.ts';
import type { Code, Func, Module, Operand } from '../wasm/code.ts';
import { countRangeFunction } from './count-range.ts';
import { kitOf } from './kit.ts';
import { pinRangeFunction } from './pin-range.ts';
import { besideFunction } from './pointer.ts';
import { lookupFunction, translateFunction, translateManyFunction } from './translate.ts';

const OPERATIONS = [translateFunction, translateManyFunction, lookupFunction, countRangeFunction, pinRangeFunction];

/** The module. */
export function moduleOf(arch: Arch, choice: Choice): Module {
  const operations = OPERATIONS.map((write) => write(kitOf(arch, choice)));
  const beside = operations.some(({ body }) => body.some((code) => calls(code, '$beside')));
  return {
    shared: choice.shared,
    constants: [
      ...(['$pgd', '$root', '$half', '$room'] as const).map((name) => [name, 'i64'] as const),
      ['$named', 'i32'],
      ['$directory', 'i32'],
    ],
    imports: choice.traced ? [{ name: '$onRead', params: [['$at', 'i64']] }] : [],
    variables: [
      ['$code', 'i32'],
      ['$strays', 'i32'],
      ...(['$at', '$raw', '$in', '$frame', '$size', '$where'] as const).map((name) => [name, 'i64'] as const),
    ],
    functions: [...operations, ...(beside ? [besideFunction(choice.neighbour)] : [])] satisfies Func[],
  };
}

/** Whether an instruction, or one that it holds, calls a function. */
function calls(code: Code, name: string): boolean {
  const within = (operand: Operand): boolean =>
    Array.isArray(operand) &&
    (typeof operand[0] === 'string' ? calls(operand as unknown as Code, name) : operand.some(within));
  return (code[0] === 'call' && code[1] === name) || code.slice(1).some(within);
}
