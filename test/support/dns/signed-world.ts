/**
 * A small Internet of signed and unsigned zones, served by one BIND on loopback as an upstream resolver would answer them:
 * `.` and `example` are signed, `popular.example` and `plain.example` are not, `signedsite.example` and `secure.example` are.
 * Keys are made for each run. A validator that has the root's key as its anchor can check every answer.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { freePort } from '../free-port.js';
import { type Closing, digShort, startDaemon } from './daemon.js';

export interface SignedWorld extends Endpoint {
  /** The root's key signing key, as a DNSKEY record and as a DS record, in presentation form. */
  readonly anchor: { readonly key: string; readonly ds: string };
}

/** What every zone below `example` has. The site's www leads to another zone, as those of content networks do. */
function siteZone(zone: string): string {
  return `$TTL 300
@ SOA ns.${zone}. hostmaster.${zone}. 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.3
@ A 198.51.100.80
@ AAAA 2001:db8:f00::80
@ MX 10 mail
@ MX 20 @
@ TXT "v=spf1 mx -all"
@ CAA 0 issue "ca.example"
@ HTTPS 1 . alpn=h2 ipv4hint=198.51.100.80
_8443._https HTTPS 1 . port=8443
www CNAME site.cdn.plain.example.
mail A 198.51.100.25
tracker A 198.51.100.69
tracker AAAA 2001:db8:f00::69
api A 198.51.100.81
site.cdn A 198.51.100.99
alias CNAME popular.example.
alias2 CNAME tracker.popular.example.
other A 198.51.100.90
`;
}

const SITES = ['popular.example', 'signedsite.example', 'plain.example', 'secure.example'];
const SIGNED_SITES = ['signedsite.example', 'secure.example'];

function parentZone(primary: string, below: string): string {
  return `$TTL 300
@ SOA ${primary} hostmaster.example. 1 3600 600 86400 60
@ NS ${primary}
${below}
`;
}

/** Signs the zone in place. @returns its DS records */
function sign(directory: string, origin: string, file: string): string {
  const run = (program: string, ...words: string[]): string =>
    execFileSync(program, words, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] }).toString();
  run('dnssec-keygen', '-q', '-a', 'ECDSAP256SHA256', '-f', 'KSK', origin);
  run('dnssec-keygen', '-q', '-a', 'ECDSAP256SHA256', origin);
  run('dnssec-signzone', '-q', '-S', '-e', 'now+30d', '-o', origin, '-f', `${file}.signed`, file);
  const written = readdirSync(directory).find((each) => each === `dsset-${origin}` || each === `dsset-${origin}.`)!;
  return readFileSync(join(directory, written), 'utf8');
}

/** @returns when it answers */
export async function startSignedWorld(closing: Closing[]): Promise<SignedWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'signed-world-'));
  closing.push(async () => rmSync(directory, { recursive: true, force: true }));
  const write = (file: string, text: string): void => writeFileSync(join(directory, file), text);
  for (const zone of SITES) write(zone, siteZone(zone));
  const delegations = SITES.map((zone) => `${zone}. NS ns.${zone}.\nns.${zone}. A 192.0.2.3`).join('\n');
  const sets = SIGNED_SITES.map((zone) => sign(directory, `${zone}.`, zone));
  write('example', parentZone('ns.example.', `ns.example. A 192.0.2.2\n${delegations}\n${sets.join('')}`));
  const exampleDs = sign(directory, 'example.', 'example');
  write('root', parentZone('ns.example.', `example. NS ns.example.\nns.example. A 192.0.2.2\n${exampleDs}`));
  const ds = sign(directory, '.', 'root').trim().split('\n')[0]!;
  const key = readdirSync(directory)
    .filter((file) => /^K\.\+.*\.key$/.test(file))
    .map((file) => readFileSync(join(directory, file), 'utf8'))
    .flatMap((text) => text.split('\n'))
    .find((line) => / DNSKEY 257 /.test(line))!;
  const signed = [...SIGNED_SITES, 'example'];
  const zones = [...SITES, 'example']
    .map((zone) => `zone "${zone}" { type primary; file "${zone}${signed.includes(zone) ? '.signed' : ''}"; };`)
    .concat('zone "." { type primary; file "root.signed"; };');
  const port = await freePort();
  write(
    'named.conf',
    `options { directory "${directory}"; pid-file none; session-keyfile none; recursion no; allow-query { any; };
      listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; dnssec-validation no; empty-zones-enable no; };
    controls {};
    ${zones.join('\n')}`,
  );
  const world = { host: '127.0.0.1', port };
  await startDaemon(closing, 'named', ['-g', '-c', join(directory, 'named.conf')], {
    isReady: async () => (await digShort(world, 'api.secure.example')) === '198.51.100.81',
  });
  return { ...world, anchor: { key, ds } };
}
