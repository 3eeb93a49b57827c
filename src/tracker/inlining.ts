/**
 * The announce path is many small functions. V8 puts the code of a function into its callers, but no more than a budget for
 * each caller; past it, functions that an answer needs stay calls, which cost a tenth of an answer. The flag holds for the whole
 * process and for what is compiled from then on, so it is set before the first announce.
 */
import { setFlagsFromString } from 'node:v8';

/** Of bytecode, in each compiled function. V8's own is 920. Larger values were not measured reliably. */
const INLINED_BYTES = 3_000;

export const INLINING_FLAG = `--max-inlined-bytecode-size-cumulative=${INLINED_BYTES}`;

export function inlineMore(): void {
  setFlagsFromString(INLINING_FLAG);
}
