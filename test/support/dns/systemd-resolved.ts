/**
 * systemd-resolved in front of the redirection, without systemd: in a mount namespace with a /run of its own. Debian's
 * package takes over /etc/resolv.conf when it is installed, so `.ci/run` only unpacks it.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { requireFacility } from '../real-program.js';
import { answerOf, type Closing, startDaemon } from './daemon.js';
import type { SignedWorld } from './signed-world.js';

/** Where its stub listens, whatever the configuration says. */
const STUB: Endpoint = { host: '127.0.0.53', port: 53 };

/** $0 is the directory with its files, $1 the program. It gives up the rights of root and needs its user for that. */
const SCRIPT = `
set -e
cp /etc/passwd /etc/group "$0"
grep -q ^systemd-resolve: "$0/passwd" || echo 'systemd-resolve:x:64995:64995::/:/usr/sbin/nologin' >> "$0/passwd"
grep -q ^systemd-resolve: "$0/group" || echo 'systemd-resolve:x:64995:' >> "$0/group"
mount --bind "$0/passwd" /etc/passwd
mount --bind "$0/group" /etc/group
mount -t tmpfs none /run
mkdir -p /run/systemd/resolve /run/systemd/resolved.conf.d /run/dnssec-trust-anchors.d
chown systemd-resolve:systemd-resolve /run/systemd/resolve
cp "$0/resolved.conf" /run/systemd/resolved.conf.d/
cp "$0/root.positive" /run/dnssec-trust-anchors.d/
exec "$1"
`;

/** @returns undefined if it is missing: that has been said aloud */
export function requireSystemdResolved(): string | undefined {
  const places = [process.env.SYSTEMD_RESOLVED_DIRECTORY ?? '', '/usr', '']
    .filter((root, i) => root !== '' || i > 0)
    .map((root) => join('/', root, 'lib/systemd/systemd-resolved'));
  const found = places.find((place) => existsSync(place));
  const advice = `systemd-resolved is neither installed nor unpacked at SYSTEMD_RESOLVED_DIRECTORY (as .ci/run does)`;
  requireFacility(advice, found !== undefined);
  return found;
}

/**
 * Needs a network namespace with an interface besides loopback that has an address: without one it asks nobody.
 * @param anchor it validates
 * @returns when it answers; only one can run in a network
 */
export async function startSystemdResolved(
  closing: Closing[],
  program: string,
  upstream: Endpoint,
  anchor: SignedWorld['anchor'] | undefined,
): Promise<Endpoint> {
  const directory = mkdtempSync(join(tmpdir(), 'systemd-resolved-'));
  closing.push(async () => rmSync(directory, { recursive: true, force: true }));
  const settings = [`DNS=${upstream.host}:${upstream.port}`, `DNSSEC=${anchor ? 'yes' : 'no'}`, 'Domains=~.'];
  const quiet = ['LLMNR=no', 'MulticastDNS=no', 'FallbackDNS='];
  writeFileSync(join(directory, 'resolved.conf'), ['[Resolve]', ...settings, ...quiet, ''].join('\n'));
  const [, tag, algorithm, digestType, digest] = /DS (\d+) (\d+) (\d+) (.*)$/.exec(anchor?.ds ?? '') ?? [];
  const positive = anchor ? `. IN DS ${tag} ${algorithm} ${digestType} ${digest!.replaceAll(' ', '')}\n` : '';
  writeFileSync(join(directory, 'root.positive'), positive);
  await startDaemon(closing, 'unshare', ['--mount', 'sh', '-c', SCRIPT, directory, program], {
    isReady: async () => (await answerOf(STUB, 'api.plain.example')) === 'NOERROR: A 198.51.100.81',
  });
  return STUB;
}
