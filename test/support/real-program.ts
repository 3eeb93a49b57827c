/**
 * Finds the real programs that tests run against (aria2c, transmission-cli, dig, named …). One that this machine lacks
 * makes its test skip, loudly; where REQUIRE_REAL_PEERS=1 says that everything is installed, it makes the test fail.
 *
 *     const aria2c = requireProgram('aria2c');
 *     test.skipIf(aria2c === undefined)('a client downloads …', async () => { spawn(aria2c!, …) });
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian's package for each program, for the message. */
const PACKAGE_OF: Readonly<Record<string, string>> = {
  'transmission-cli': 'transmission-cli',
  'transmission-create': 'transmission-cli',
  'transmission-show': 'transmission-cli',
  'transmission-daemon': 'transmission-daemon',
  aria2c: 'aria2',
  'qbittorrent-nox': 'qbittorrent-nox',
  dig: 'bind9-dnsutils',
  named: 'bind9',
  'named-checkzone': 'bind9-utils',
  'dnssec-keygen': 'bind9-utils',
  'dnssec-signzone': 'bind9-utils',
  delv: 'bind9-dnsutils',
  unbound: 'unbound',
  kresd: 'knot-resolver',
  pdns_recursor: 'pdns-recursor',
  dnsperf: 'dnsperf',
  'unbound-checkconf': 'unbound',
  'unbound-control': 'unbound',
  rndc: 'bind9-utils',
  kdig: 'knot-dnsutils',
  rec_control: 'pdns-recursor',
  dnsmasq: 'dnsmasq-base',
  opentracker: 'opentracker',
  pmacctd: 'pmacct',
  nfacctd: 'pmacct',
  ip: 'iproute2',
  'systemd-analyze': 'systemd',
  lintian: 'lintian',
  'dpkg-shlibdeps': 'dpkg-dev',
  strip: 'binutils',
  unshare: 'util-linux',
  mandoc: 'mandoc',
  man: 'man-db',
  zsh: 'zsh',
  fish: 'fish',
  curl: 'curl',
  squid: 'squid',
  nginx: 'nginx-light',
  chromium: 'chromium',
  getent: 'libc-bin',
  promtool: 'prometheus',
  'musl-gcc': 'musl-tools',
  go: 'golang-go',
};

/** Daemons live where an ordinary user's PATH does not look. */
const EXTRA_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

const announced = new Set<string>();

/**
 * @param name as one would type it, e.g. `aria2c`
 * @returns its absolute path, or undefined if it is missing (then the caller skips)
 * @throws Error if it is missing and REQUIRE_REAL_PEERS=1
 */
export function requireProgram(name: string): string | undefined {
  const directories = [...(process.env.PATH ?? '').split(delimiter), ...EXTRA_DIRECTORIES];
  for (const directory of directories) {
    if (directory === '') continue;
    const path = join(directory, name);
    if (isExecutable(path)) return path;
  }
  const advice = `${name} is not installed (Debian: apt-get install ${PACKAGE_OF[name] ?? name})`;
  reportMissing(advice);
  return undefined;
}

/**
 * The same rule for something that is not a program on the PATH, e.g. a Python module or a kernel feature.
 * @returns `present`
 */
export function requireFacility(what: string, present: boolean): boolean {
  if (!present) reportMissing(what);
  return present;
}

function reportMissing(advice: string): void {
  if (process.env.REQUIRE_REAL_PEERS === '1') throw new Error(`REQUIRE_REAL_PEERS=1, but ${advice}`);
  if (announced.has(advice)) return;
  announced.add(advice);
  console.warn(`\n*** SKIPPED: ${advice}; the tests that need it did not run ***\n`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
