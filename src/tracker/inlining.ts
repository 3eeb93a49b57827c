/**
 * The announce path consists of many small functions. V8 inlines functions into their callers up to a budget for each caller.
 * Beyond it, functions of the answer path remain calls, which cost a tenth of an answer. The flag applies to the whole process and
 * to code compiled afterwards, so it is set before the first announce.
 */
import { setFlagsFromString } from 'node:v8';

/** Of bytecode, in each compiled function. V8's own is 920. Larger values were not measured reliably. */
const INLINED_BYTES = 3_000;

export const INLINING_FLAG = `--max-inlined-bytecode-size-cumulative=${INLINED_BYTES}`;

export function inlineMore(): void {
  setFlagsFromString(INLINING_FLAG);
}
