// @ts-check
// Installs and builds what is out of date, and nothing else: run before `npm start` and `npm test`.
// Plain JavaScript without dependencies, because it runs before there are any.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`alias-tracker needs Node.js 20.19 or later; this is ${process.version}. See https://nodejs.org/.`);
  process.exit(1);
}

/**
 * A step that fails has said why; what is left to say is what that means.
 * @param {string} what @param {string} command @param {string[]} args
 */
function run(what, command, args) {
  try {
    execFileSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  } catch {
    console.error(`alias-tracker: ${what} failed, see above`);
    process.exit(1);
  }
}

/** @param {string} text */
const digest = (text) => createHash('sha256').update(text).digest('hex');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** @param {string} name */
function stampPath(name) {
  return join(root, 'node_modules', '.alias-tracker', name);
}
/** @param {string} name @param {string} value */
function stampIs(name, value) {
  return existsSync(stampPath(name)) && readFileSync(stampPath(name), 'utf8') === value;
}
/** @param {string} name @param {string} value */
function setStamp(name, value) {
  mkdirSync(dirname(stampPath(name)), { recursive: true });
  writeFileSync(stampPath(name), value);
}

function addonLoads() {
  try {
    const script = "new (require('better-sqlite3'))(':memory:'); require('koffi')";
    execFileSync(process.execPath, ['-e', script], { cwd: root, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

// A native addon fits one ABI, so the stamp holds it: a change of Node.js installs again.
const wanted = digest(readFileSync(join(root, 'package-lock.json'), 'utf8') + process.versions.modules);
if (!stampIs('installed', wanted)) {
  console.error('alias-tracker: installing dependencies (once; minutes where better-sqlite3 has to be compiled) …');
  // An installation that works is brought up to date, which takes seconds; `npm ci` would delete and compile all of it.
  const how = addonLoads() ? ['install', '--no-save'] : ['ci'];
  run('installing dependencies', npm, [...how, '--no-audit', '--no-fund']);
  setStamp('installed', wanted);
}

/** Changes with every file of a folder. @param {string} path @returns {string} */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return `${path}:${stat.size}:${stat.mtimeMs}\n`;
  return readdirSync(path)
    .sort()
    .map((name) => newest(join(path, name)))
    .join('');
}
const sources = digest(
  newest(join(root, 'src')) + newest(join(root, 'tsconfig.json')) + newest(join(root, 'tsconfig.build.json')),
);
if (!stampIs('built', sources) || !existsSync(join(root, 'dist', 'cli', 'main.js'))) {
  console.error('alias-tracker: building …');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run('the build', process.execPath, [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'tsconfig.build.json',
  ]);
  setStamp('built', sources);
}
