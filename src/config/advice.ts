/** What is allowed in a configuration but seldom meant: `check-config` warns of it. */
import { reservedWithin } from '../domain/bogon.js';
import { formatPrefix } from '../domain/ip-address.js';
import { formatPath } from './config-problem.js';
import type { Config } from './config-schema.js';

/** One line each: `path: what is odd, and what to do if it is not meant`. */
export function adviceOn(config: Config): string[] {
  return config.operator.networks.flatMap(({ prefixes }, i) =>
    prefixes.flatMap((prefix, j) => {
      const reserved = reservedWithin(prefix).map(formatPrefix);
      if (reserved.length === 0) return [];
      const path = formatPath(['operator', 'networks', i, 'prefixes', j]);
      return [
        `${path}: ${formatPrefix(prefix)} contains reserved addresses (${reserved.join(', ')}), which do not count as yours; list them as prefixes of their own if they are`,
      ];
    }),
  );
}
