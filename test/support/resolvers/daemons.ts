/** Real resolvers and an authoritative server on loopback, each in a directory of its own and ended with the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { eventually } from '../eventually.js';
import { freePort } from '../free-port.js';
import { requireProgram } from '../real-program.js';
import { ask } from './ask.js';

export interface Daemon {
  readonly endpoint: Endpoint;
  readonly directory: string;
  readonly pid: number;
  /** What it has logged. */
  log(): string;
}

const running = new Set<() => Promise<void>>();

/** Originals, as everybody else sees them. */
export const ORIGINAL = {
  A: '192.0.2.80',
  AAAA: '2001:db8:ffff::80',
  MX: '10 mail.popular.example',
  TXT: 'v=spf1 mx -all',
  tracker: '192.0.2.69',
  neighbour: '192.0.2.25',
};

const ZONE = `$TTL 60
@ IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
popular IN A ${ORIGINAL.A}
popular IN AAAA ${ORIGINAL.AAAA}
popular IN MX ${ORIGINAL.MX}.
popular IN TXT "${ORIGINAL.TXT}"
popular IN HTTPS 1 . port=8443 ipv4hint=${ORIGINAL.A}
_8443._https.popular IN HTTPS 1 . ipv4hint=${ORIGINAL.A}
mail.popular IN A ${ORIGINAL.neighbour}
www.popular IN A ${ORIGINAL.A}
tracker.popular IN A ${ORIGINAL.tracker}
later IN A ${ORIGINAL.A}
alias IN CNAME popular.example.
`;
const SIGNED_ZONE = `$TTL 60
@ IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60
@ IN NS ns.example.
@ IN A ${ORIGINAL.A}
`;

const LISTENING = '127.0.0.1';

/** `example.` and the signed `signed.example.`. */
export async function startOriginals(): Promise<Daemon> {
  const port = await freePort(LISTENING);
  return startDaemon('named', { host: LISTENING, port }, (directory) => ({
    'example.zone': ZONE,
    'signed.zone': SIGNED_ZONE,
    'named.conf': `
      options { directory "${directory}"; pid-file none; session-keyfile none; listen-on port ${port} { ${LISTENING}; };
        listen-on-v6 { none; }; recursion no; dnssec-validation no; };
      controls {};
      zone "example" { type primary; file "example.zone"; };
      zone "signed.example" { type primary; file "signed.zone"; dnssec-policy default; inline-signing yes; };`,
  }));
}

const ARGUMENTS: Readonly<Record<string, (directory: string, endpoint: Endpoint) => string[]>> = {
  named: (directory) => ['-g', '-n', '1', '-c', join(directory, 'named.conf')],
  unbound: (directory) => ['-d', '-p', '-c', join(directory, 'unbound.conf')],
  pdns_recursor: (directory) => [`--config-dir=${directory}`],
  kresd: (directory) => ['-n', '-c', join(directory, 'kresd.conf'), directory],
  dnsmasq: (directory) => ['-k', '-C', join(directory, 'dnsmasq.conf'), `--pid-file=${directory}/pid`],
};

/**
 * @param files by name, for its directory
 * @returns when it answers
 */
export async function startDaemon(
  program: string,
  endpoint: Endpoint,
  files: (directory: string) => Readonly<Record<string, string>>,
): Promise<Daemon> {
  const directory = mkdtempSync(join(tmpdir(), `${program}-`));
  for (const [name, text] of Object.entries(files(directory))) writeFileSync(join(directory, name), text);
  let log = '';
  let child: ChildProcess;
  const launch = (): void => {
    child = spawn(requireProgram(program)!, ARGUMENTS[program]!(directory, endpoint), {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: directory,
    });
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        log += chunk.toString();
      });
  };
  launch();
  const stop = async (): Promise<void> => {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGKILL')) await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  running.add(stop);
  await eventually(
    `${program} answers`,
    async () => (await ask(endpoint, 'ns.example', 'A').catch(() => '')) === LISTENING,
    { possible: () => child.exitCode === null, found: () => log.slice(-4_000) },
  );
  return {
    endpoint,
    directory,
    get pid() {
      return child.pid!;
    },
    log: () => log,
  };
}

/** Also those that did not start. */
export async function stopDaemons(): Promise<void> {
  for (const stop of running) await stop();
  running.clear();
}

/** The code block of that language in docs/dns.md: what the tests run is what operators paste. */
export function documented(language: string, replacements: Readonly<Record<string, string>>): string {
  const block = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(readFileSync('docs/dns.md', 'utf8'));
  if (block === null) throw new Error(`docs/dns.md has no block "${language}"`);
  return Object.entries(replacements).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`"${from}" is not in the block "${language}" of docs/dns.md`);
    return text.replaceAll(from, to);
  }, block[1]!);
}
