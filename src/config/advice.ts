/** What is allowed in a configuration but seldom meant: `check-config` warns of it. */
import type { Config } from './config-schema.js';
import { CONFIG_PARTS } from './parts.js';

/** One line each: `path: what is odd, and what to do if it is not meant`. */
export function adviceOn(config: Config): string[] {
  return CONFIG_PARTS.flatMap(({ advice }) => (advice ?? []).flatMap((advise) => advise(config)));
}
