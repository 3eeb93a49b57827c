// @ts-check
// Plants one small defect after another in src/app, src/config and what starts the parts, and runs the tests that are to notice it. A defect
// that no test notices is printed with its place. Plain JavaScript, as it works on sources and not with them.
//
//   npm run mutate                           every folder below
//   npm run mutate -- --files REGEX          sources whose path matches
//   npm run mutate -- --sample N             N defects, spread evenly (the score is then an estimate)
//   npm run mutate -- --json FILE            the result of each defect
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Of parts whose wiring is tested in their own folder. */
const WIRING_TESTS = [
  'test/unit/crawler/crawler-parts.test.ts',
  'test/unit/dns-redirect/running-redirection.test.ts',
  'test/unit/tracker/configured-options.test.ts',
  'test/unit/upstream/running-exchange.test.ts',
];
const { values } = parseArgs({
  options: {
    files: {
      type: 'string',
      default: '^src/(app|config|config-kit)/|^src/[a-z-]+/(part|section|check-section|configured-|examine-|running-)',
    },
    tests: { type: 'string', multiple: true, default: ['test/unit/app', 'test/unit/config', ...WIRING_TESTS] },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});
/** A defect that makes a test wait for ever is noticed, too. */
const RUN_TIMEOUT_MS = 180_000;

/**
 * What a slip of the keyboard or of the mind does; each pattern is tried at every place where it fits.
 * @type {[pattern: RegExp, slip: string | ((found: string) => string)][]}
 */
const SLIPS = [
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/ \?\? /g, ' && '],
  [/ < /g, ' <= '],
  [/ > /g, ' >= '],
  [/ \+ /g, ' - '],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/if \(!/g, 'if ('],
  [/if \((?!!)/g, 'if (!'],
  // A call that is forgotten: a statement of its own that is one line.
  [/^ +(?:await |void )?[a-zA-Z_#.]+\([^\n]*\);$/gm, (found) => `${/^ +/.exec(found)?.[0]};`],
  // A value that is not handed on: one line of an object.
  [/^ +[a-zA-Z]+: [^\n{}[\]()]+,$/gm, ''],
];

/**
 * @typedef {{ path: string, line: number, at: number, original: string, replacement: string }} Defect
 * @param {string} path
 * @returns {Defect[]}
 */
function defectsIn(path) {
  const text = readFileSync(join(root, path), 'utf8');
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|`[^`]*`|'[^'\n]*'/gm, (comment) =>
    comment.replace(/[^\n]/g, '\0'),
  );
  return SLIPS.flatMap(([pattern, slip]) =>
    [...code.matchAll(pattern)]
      .filter((match) => !/^\s*(import|export type|type|interface|readonly)\b/.test(lineAt(code, match.index)))
      .map((match) => {
        const original = text.slice(match.index, match.index + match[0].length);
        const replacement = typeof slip === 'function' ? slip(original) : slip;
        const line = text.slice(0, match.index).split('\n').length;
        return { path, line, at: match.index, original, replacement };
      }),
  );
}

/** @param {string} text @param {number} index */
function lineAt(text, index) {
  return text.slice(text.lastIndexOf('\n', index - 1) + 1).split('\n', 1)[0] ?? '';
}

/**
 * The same choice every time for one seed.
 * @param {Defect[]} list @param {number} count @param {number} seed
 */
function sampled(list, count, seed) {
  let state = seed >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const rest = [...list];
  /** @type {Defect[]} */
  const chosen = [];
  while (chosen.length < count && rest.length > 0) chosen.push(...rest.splice(Math.floor(next() * rest.length), 1));
  return chosen;
}

const paths = execFileSync('git', ['ls-files', 'src'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path.endsWith('.ts') && new RegExp(values.files).test(path));
const all = paths.flatMap(defectsIn);
const defects = values.sample === undefined ? all : sampled(all, Number(values.sample), Number(values.seed));

// A copy: whoever works in the checkout is not disturbed, and an interrupted run leaves no defect behind.
const work = mkdtempSync(join(tmpdir(), 'alias-tracker-mutate-'));
for (const name of execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean)) {
  if (existsSync(join(root, name))) cpSync(join(root, name), join(work, name));
}
cpSync(join(root, 'dist'), join(work, 'dist'), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(work, 'node_modules'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

const vitest = join(work, 'node_modules', 'vitest', 'vitest.mjs');
/** @param {string} command @param {string[]} args */
function run(command, args) {
  return spawnSync(process.execPath, [command, ...args], { cwd: work, timeout: RUN_TIMEOUT_MS, killSignal: 'SIGKILL' });
}

console.error(`${defects.length} of ${all.length} defects in ${paths.length} files; tests: ${values.tests.join(' ')}`);
if (run(vitest, ['run', '--bail', '1', ...values.tests]).status !== 0) {
  console.error('the tests fail without a defect: repair them first');
  process.exit(1);
}

/** @type {(Defect & { noticedBy: 'types' | 'tests' | 'nobody' })[]} */
const results = [];
for (const [i, defect] of defects.entries()) {
  const file = join(work, defect.path);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.slice(0, defect.at) + defect.replacement + text.slice(defect.at + defect.original.length));
  const types = run(join(work, 'node_modules', 'typescript', 'bin', 'tsc'), ['--noEmit']);
  const noticedBy =
    types.status !== 0
      ? 'types'
      : run(vitest, ['run', '--bail', '1', ...values.tests]).status !== 0
        ? 'tests'
        : 'nobody';
  writeFileSync(file, text);
  results.push({ ...defect, noticedBy });
  const place = `${defect.path}:${defect.line}`;
  console.error(`${i + 1}/${defects.length} ${noticedBy.padEnd(6)} ${place}`);
  if (noticedBy === 'nobody') {
    console.log(`${place}: ${JSON.stringify(defect.original.trim())} → ${JSON.stringify(defect.replacement.trim())}`);
  }
}
/** @param {'types' | 'tests' | 'nobody'} who */
const count = (who) => results.filter((result) => result.noticedBy === who).length;
const valid = results.length - count('types');
console.log(
  `${count('tests')} of ${valid} defects that compile were noticed by tests (${valid === 0 ? 0 : Math.round((100 * count('tests')) / valid)} %); ${count('types')} more by types`,
);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 1)}\n`);
