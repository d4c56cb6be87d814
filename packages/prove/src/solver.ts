/** A solver: anything that reads SMT-LIB 2. Z3, compiled to WebAssembly, unless another is handed in. */
import { UsageError } from '@kernel-mm/pgtable-core';
import { LOGIC } from './smt.ts';

/** Z3_lbool, and the Z3_error_code of no error. */
const [SAT, UNSAT, OK] = [1, -1, 0];

/** What decides a script. */
export interface Solver {
  readonly name: string;
  /** What it prints for a script, which begins in a new context; `unknown` where the milliseconds are over. */
  ask(script: string, milliseconds: number): Promise<string>;
  /** Ends it; no question after that. */
  close(): void;
}

/**
 * Z3 from the npm package `z3-solver`, an optional peer.
 * @throws UsageError `argument` where that is not installed
 */
export async function z3(): Promise<Solver> {
  const { init } = await import('z3-solver').catch((cause: unknown) => {
    const error = new UsageError('argument', 'solver', 'one of your own, or the package z3-solver beside this one');
    error.cause = cause;
    throw error;
  });
  const { Z3, em } = await init();
  // Not by eval_smtlib2_string: that hands a worker thread a string which is freed before the worker has read it.
  const run = async (script: string, milliseconds: number): Promise<string> => {
    const context = Z3.mk_context(Z3.mk_config());
    try {
      const solver = Z3.mk_solver_for_logic(context, Z3.mk_string_symbol(context, LOGIC));
      Z3.solver_inc_ref(context, solver);
      const params = Z3.mk_params(context);
      Z3.params_set_uint(context, params, Z3.mk_string_symbol(context, 'timeout'), milliseconds);
      Z3.solver_set_params(context, solver, params);
      Z3.solver_from_string(context, solver, script.replace(/^\((check-sat|get-value).*$/gm, ''));
      const code = Z3.get_error_code(context);
      if (code !== OK) return `unknown\n${Z3.get_error_msg(context, code)}`;
      const verdict = await Z3.solver_check(context, solver);
      if (verdict === UNSAT) return 'unsat';
      if (verdict !== SAT) return `unknown\n${Z3.solver_get_reason_unknown(context, solver)}`;
      const model = Z3.model_to_string(context, Z3.solver_get_model(context, solver));
      const words = [...model.matchAll(/^(shown\d+) -> (#x[0-9a-f]{16})$/gm)];
      const inOrder = words.sort(([, a = ''], [, b = '']) => Number(a.slice(5)) - Number(b.slice(5)));
      return `sat\n(${inOrder.map(([, name, word]) => `(${name} ${word})`).join('\n')})`;
    } catch (error) {
      return `unknown\n${error instanceof Error ? error.message : String(error)}`;
    } finally {
      Z3.del_context(context);
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    name: `Z3 ${Z3.get_full_version().replace(/^Z3 /, '')}`,
    // It answers one question at a time: the next waits.
    ask(script, milliseconds) {
      const answer = last.then(() => run(script, milliseconds));
      last = answer;
      return answer;
    },
    close: () => em.PThread.terminateAllThreads(),
  };
}
