/** Configuration files: YAML in any state becomes a configuration, or problems that each name a place in the file. */

import { type Config, configSchema } from '../../../src/config/config-schema.js';
import { DEFAULT_CONFIG_YAML } from '../../../src/config/default-config.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { completeConfig } from '../../../src/config-kit/complete-config.js';
import { ConfigError } from '../../../src/config-kit/config-problem.js';
import type { Random } from '../../../src/domain/random.js';
import { LAB_CONFIG } from '../../support/lab-app.js';
import { attempt, BrokenRule, bytesOf, type FuzzTarget, holds, pick, sometimes, textOf } from '../fuzz-target.js';

/** Relative paths of a configuration lead nowhere. */
const NOWHERE = '/nonexistent/alias-tracker-fuzz';

const OPTIONS = {
  file: 'fuzz.yaml',
  environment: { HOME: 'home', EMPTY: '', ODD: 'a: b\n- c' },
  baseDirectory: NOWHERE,
};

export const config: FuzzTarget = {
  name: 'config',
  about: 'configuration: a frozen configuration, or problems with line, column and text; no other error',
  words: [
    '\n',
    ': ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '|\n',
    '&a ',
    '*a',
    '<<: ',
    '!!binary ',
    '!!js/function ',
    '? ',
    '$HOME}',
    '$${',
    '${',
    '\t',
    '#',
    '---\n',
    '...\n',
    '0x1f',
    '.inf',
    '1e999',
    'null',
    '~',
    'yes',
    '\u2028',
    '__proto__: ',
    'constructor: ',
    '10.0.0.0/8',
    '30m',
    '1GiB',
    'lab: true',
  ],
  maxInputBytes: 20_000,
  create: () => ({ make: makeConfig, run: runConfig }),
};

/** A whole configuration, or some of its lines: a small file is changed in more places that matter. */
function makeConfig(random: Random): Uint8Array {
  const whole = pick(random, [LAB_CONFIG, LAB_CONFIG, DEFAULT_CONFIG_YAML]);
  if (sometimes(random, 3)) return bytesOf(whole);
  const lines = whole.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  const kept = lines.filter(() => !sometimes(random, 6));
  if (sometimes(random, 3)) kept.push(pick(random, lines), pick(random, lines));
  return bytesOf(kept.join('\n'));
}

function runConfig(input: Uint8Array): string {
  const text = textOf(input);
  const read = attempt(() => parseConfig(text, OPTIONS), ConfigError);
  if (read.refused === undefined) {
    holds(isDeeplyFrozen(read.value), 'a configuration is frozen');
    checkPrinted(text, read.value);
    return 'taken';
  }
  const { problems } = read.refused as ConfigError;
  const lines = text.split(/\r\n|\r|\n/).length;
  holds(problems.length > 0, 'a refusal has a problem');
  for (const { line, column, message } of problems) {
    holds(
      line >= 1 && line <= lines && column >= 1,
      'a problem has its place in the file',
      () => `${line}:${column} of ${lines}`,
    );
    holds(message.trim() !== '' && !message.includes('[object Object]'), 'a problem says what is wrong', () => message);
  }
  return problems.every((problem) => problem.message.startsWith('not valid YAML')) ? 'not YAML' : 'refused';
}

/** What print-config makes of it says the same, and no token. */
function checkPrinted(text: string, config: Config): void {
  const printed = completeConfig(text, configSchema);
  const again = attempt(() => parseConfig(printed, OPTIONS), ConfigError);
  if (again.refused !== undefined)
    throw new BrokenRule('a printed configuration can be fed back', again.refused.message);
  const withoutTokens = (value: Config): string =>
    JSON.stringify(value, (key, each: unknown) => (key === 'token' ? 'token' : each));
  holds(withoutTokens(again.value) === withoutTokens(config), 'a printed configuration says the same');
  const { control, reports, upstream } = config;
  for (const holder of [control ?? {}, ...reports.probes, ...upstream.originalTrackers]) {
    const token = (holder as { token?: string }).token;
    const isOnlyThere = token !== undefined && !withoutTokens(config).includes(token);
    holds(!isOnlyThere || !printed.includes(token), 'a printed configuration holds no token');
  }
}

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}
