/**
 * What `print-config` prints: every key with its default and what it means. It is a valid configuration of an imaginary
 * operator (documentation addresses, RFC 5737 and 3849); a test holds it against the schema, key by key.
 */
import { CONFIG_PARTS } from './parts.js';

const HEAD = `# alias-tracker: every key, with its default where it has one.
# A key that is left out has the value shown here; "# optional" marks keys without a default.
# \${NAME} is replaced by the environment variable or systemd credential of that name. Durations: ms s m h d. Sizes: B KiB MiB GiB TiB. Rates: Mbit/s MB/s. Relative paths start at this file.
# Check with: alias-tracker check-config FILE
`;

export const DEFAULT_CONFIG_YAML = [HEAD, ...CONFIG_PARTS.map(({ text }) => text)]
  .join('\n')
  // The stand-ins of the lab belong to its switch.
  .replace('\n\n# labServices', '\n# labServices');
