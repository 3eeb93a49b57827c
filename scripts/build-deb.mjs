// @ts-check
// Builds a Debian package of this checkout: node scripts/build-deb.mjs [DIRECTORY] (default: build). Needs dpkg-dev and binutils.
// --version VERSION builds another version of the same files, and --compression gzip saves time: both for tests.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { version: { type: 'string' }, compression: { type: 'string', default: 'xz' } },
});
const version = values.version ?? manifest.version;
const target = resolve(positionals[0] ?? join(root, 'build'));
const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
const MAINTAINER = 'The alias-tracker authors <alias-tracker@example.net>';

const stage = mkdtempSync(join(tmpdir(), 'alias-tracker-deb-'));
const at = (/** @type {string} */ path) => join(stage, path);

/** @param {string} path @param {string | Uint8Array} content @param {number} [mode] */
function write(path, content, mode = 0o644) {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
  chmodSync(at(path), mode);
}

/** @param {string} from @param {string} to @param {(path: string) => boolean} [filter] */
function copy(from, to, filter = () => true) {
  mkdirSync(dirname(at(to)), { recursive: true });
  cpSync(join(root, from), at(to), { recursive: true, dereference: true, filter });
}

/** Runs the program as it will be installed. @param {string[]} args */
function program(...args) {
  const main = at('usr/lib/alias-tracker/dist/cli/main.js');
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(sourceDate) };
  return execFileSync(process.execPath, [main, ...args], { encoding: 'utf8', env });
}

/** Of the manual page and the changelog, so that two builds of one version are equal. */
const sourceDate = Number(
  process.env.SOURCE_DATE_EPOCH ?? Math.floor(statSync(join(root, 'package.json')).mtimeMs / 1000),
);

/** The packages that an installation needs, as the lock file lists them. */
function productionPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.keys(packages).filter((path) => {
    const { dev, devOptional } = packages[path];
    return path !== '' && !dev && !devOptional && existsSync(join(root, path));
  });
}

/** Files that nothing loads: tests, types, source maps, documents, settings of editors and tools. */
const NEEDLESS =
  /^\/(test|tests|docs|benchmarks|examples?)$|\.(map|sh|html|d\.[cm]?ts|md|markdown|[ch]pp|cc|h|gyp|gypi|yml)$|\/(\.[^/]*|Makefile|CNAME|bower\.json)$/;

/** Sources of addons, and builds for other systems, of the packages that have them. */
const NEEDLESS_OF = new Map([
  ['node_modules/better-sqlite3', /^\/(deps|src|binding\.gyp)$|^\/build\/(?!Release(\/better_sqlite3\.node)?$)/],
  ['node_modules/koffi', /^\/(vendor|doc|lib\/native|cnoke\.cjs)$/],
  [`node_modules/@koromix/koffi-linux-${process.arch}`, /^\/musl_/],
]);

function installProgram() {
  const lib = 'usr/lib/alias-tracker';
  copy('dist', `${lib}/dist`, (path) => !/\.map$|\.tsbuildinfo$|\/dist\/lab(\/|$)|\/experiment-[^/]*$/.test(path));
  copy('migrations', `${lib}/migrations`);
  copy('package.json', `${lib}/package.json`);
  for (const path of productionPackages()) {
    const below = join(root, path);
    // A package inside another one has its own entry in the lock file.
    const isOwn = (/** @type {string} */ file) => !file.slice(below.length).includes('/node_modules');
    copy(path, `${lib}/${path}`, (file) => {
      const name = file.slice(below.length);
      return isOwn(file) && !NEEDLESS.test(name) && !NEEDLESS_OF.get(path)?.test(name);
    });
  }
  const main = `${lib}/dist/cli/main.js`;
  // Debian's policy asks for the interpreter's path: the account of the service has its own PATH.
  write(main, readFileSync(at(main), 'utf8').replace('#!/usr/bin/env node', '#!/usr/bin/node'), 0o755);
  // The tracker would run without koffi, but slower and without systemd's notifications, so nobody would notice at once.
  const check = "new (require('better-sqlite3'))(':memory:'); require('koffi').load(null)";
  execFileSync(process.execPath, ['-e', check], { cwd: at(lib), stdio: ['ignore', 2, 2] });
  mkdirSync(at('usr/bin'), { recursive: true });
  symlinkSync('../lib/alias-tracker/dist/cli/main.js', at('usr/bin/alias-tracker'));
}

/** Modes as Debian's policy has them; compiled addons without symbols. */
function normalise(/** @type {string} */ path) {
  const stat = statSync(path);
  if (stat.isDirectory()) {
    chmodSync(path, 0o755);
    for (const name of readdirSync(path)) normalise(join(path, name));
  } else if (!path.includes('/usr/bin/')) {
    if (path.endsWith('.node')) execFileSync('strip', ['--strip-unneeded', path]);
    chmodSync(path, path.endsWith('/dist/cli/main.js') ? 0o755 : 0o644);
  }
}

function installShare() {
  const doc = 'usr/share/doc/alias-tracker';
  for (const name of readdirSync(join(root, 'docs'))) copy(`docs/${name}`, `${doc}/docs/${name}`);
  for (const name of ['README.md', 'ARCHITECTURE.md']) copy(name, `${doc}/${name}`);
  copy('examples', `${doc}/examples`, (path) => !/\/examples\/lab(\/|$)/.test(path));
  write(`${doc}/copyright`, copyrightOf());
  const date = new Date(sourceDate * 1000).toUTCString().replace('GMT', '+0000');
  const change = `alias-tracker (${version}) stable; urgency=medium\n\n  * Version ${version}.\n\n -- ${MAINTAINER}  ${date}\n`;
  write(`${doc}/changelog.gz`, gzipSync(change, { level: 9 }));
  write('usr/share/man/man1/alias-tracker.1.gz', gzipSync(program('man'), { level: 9 }));
  write('usr/share/bash-completion/completions/alias-tracker', program('completion', 'bash'));
  write('usr/share/zsh/vendor-completions/_alias-tracker', program('completion', 'zsh'));
  write('usr/share/fish/vendor_completions.d/alias-tracker.fish', program('completion', 'fish'));
  write('usr/share/lintian/overrides/alias-tracker', readFileSync(join(root, 'packaging/debian/lintian-overrides')));
}

/** The licence of the program and those of its packages. */
function copyrightOf() {
  const licence = readFileSync(join(root, 'LICENSE'), 'utf8');
  const indented = licence.split('\n').map((line) => (line.trim() === '' ? ' .' : ` ${line}`));
  const packages = productionPackages().map((path) => {
    const { name, version: of, license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
    return ` ${name} ${of}: ${license ?? 'see its directory'}`;
  });
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    'Upstream-Name: alias-tracker',
    '',
    'Files: *',
    'Copyright: 2026 The alias-tracker authors',
    'License: MIT',
    ...indented.slice(2),
    '',
    'Files: usr/lib/alias-tracker/node_modules/*',
    'Copyright: the authors that the LICENSE files in its directories name',
    'License: various',
    ...packages,
    '',
  ].join('\n');
}

function installService() {
  for (const name of readdirSync(join(root, 'examples/systemd')).filter((each) => each.endsWith('.service'))) {
    write(`usr/lib/systemd/system/${name}`, readFileSync(join(root, 'examples/systemd', name)));
  }
  write('usr/lib/sysusers.d/alias-tracker.conf', readFileSync(join(root, 'examples/systemd/alias-tracker.sysusers')));
  // The state of the service is where its unit says, not beside the configuration.
  const config = program('print-config').replace(/^( *directory:) \.\/data\b/m, '$1 /var/lib/alias-tracker');
  if (!config.includes('/var/lib/alias-tracker'))
    throw new Error('print-config no longer has storage.directory: ./data');
  write('etc/alias-tracker/alias-tracker.yaml', config, 0o640);
  mkdirSync(at('etc/alias-tracker/credentials'), { recursive: true });
  chmodSync(at('etc/alias-tracker'), 0o750);
  chmodSync(at('etc/alias-tracker/credentials'), 0o700);
}

/** libc and the like, as the compiled addons need them. */
function libraries() {
  const work = mkdtempSync(join(tmpdir(), 'alias-tracker-shlibs-'));
  try {
    mkdirSync(join(work, 'debian'));
    writeFileSync(join(work, 'debian/control'), 'Source: alias-tracker\n\nPackage: alias-tracker\nArchitecture: any\n');
    const addons = readdirSync(at('usr/lib'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.node'),
    );
    if (addons.length < 2)
      throw new Error(`expected the addons of better-sqlite3 and koffi, found: ${addons.join(', ')}`);
    const args = ['-O', '--ignore-missing-info', ...addons.map((name) => `-e${at(`usr/lib/${name}`)}`)];
    const output = execFileSync('dpkg-shlibdeps', args, {
      cwd: work,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return output.trim().replace(/^shlibs:Depends=/, '');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function controlFiles() {
  const [major = 0] = process.versions.node.split('.').map(Number);
  const oldest = /\d+\.\d+/.exec(manifest.engines.node)?.[0];
  // better-sqlite3 is compiled for one major version of Node.js. Debian 12 has 18, which is too old; Debian 13 has 20.19.
  const from = oldest?.startsWith(`${major}.`) ? oldest : `${major}.0`;
  const node = `nodejs (>= ${from}), nodejs (<< ${major + 1}~)`;
  const size = Number(execFileSync('du', ['-sk', '--apparent-size', stage], { encoding: 'utf8' }).split('\t')[0]);
  const control = `Package: alias-tracker
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${size}
Depends: ${node}, ${libraries()}, init-system-helpers (>= 1.52), systemd | systemd-standalone-sysusers
Section: net
Priority: optional
Homepage: https://datatracker.ietf.org/doc/html/draft-zhang-alto-attp-02
Description: BitTorrent tracker that keeps traffic in an operator's network
 Hands each client peers of its own network first, so that less traffic
 crosses the border, without any change to clients. It has a crawler, a mirror
 site, a DNS redirection and a dashboard, and implements the IETF draft
 draft-zhang-alto-attp.
 .
 The service is installed disabled: edit /etc/alias-tracker/alias-tracker.yaml,
 then enable alias-tracker.service.
`;
  write('DEBIAN/control', control);
  write('DEBIAN/conffiles', '/etc/alias-tracker/alias-tracker.yaml\n');
  for (const name of ['postinst', 'prerm', 'postrm']) {
    write(`DEBIAN/${name}`, readFileSync(join(root, 'packaging/debian', name)), 0o755);
  }
  const sums = execFileSync('sh', ['-c', "find usr etc -type f ! -path 'etc/*' -print0 | sort -z | xargs -0 md5sum"], {
    cwd: stage,
  });
  write('DEBIAN/md5sums', sums);
}

try {
  installProgram();
  installShare();
  normalise(at('usr'));
  installService();
  controlFiles();
  chmodSync(stage, 0o755);
  for (const path of ['etc', 'usr/bin', 'DEBIAN']) chmodSync(at(path), 0o755);
  mkdirSync(target, { recursive: true });
  const file = join(target, `alias-tracker_${version}_${architecture}.deb`);
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', `-Z${values.compression}`, stage, file], {
    stdio: ['ignore', 2, 2],
  });
  console.log(file);
} finally {
  rmSync(stage, { recursive: true, force: true });
}
