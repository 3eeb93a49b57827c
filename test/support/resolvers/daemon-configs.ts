/** What the configurations of real resolvers have in common: a port on loopback, any client, and the originals of the tests. */
import type { Endpoint } from '../../../src/net/endpoint.js';
import { documented } from './daemons.js';

/** Options of BIND that the tests need besides those of docs/dns.md. */
export function bindOptions(directory: string, { host, port }: Endpoint): string {
  const family = host.includes(':') ? '-v6' : '';
  const other = family === '' ? '-v6' : '';
  return `directory "${directory}"; pid-file none; session-keyfile none; listen-on${other} { none; };
    listen-on${family} port ${port} { ${host}; }; recursion yes; allow-query { any; }; dnssec-validation no;
    empty-zones-enable no;`;
}

/** @param upstream the port of the originals */
export function bindForward(upstream: number): string {
  return `zone "example" { type forward; forward only; forwarders { 127.0.0.1 port ${upstream}; }; };`;
}

/** The section `server` of Unbound. */
export function unboundServer(directory: string, { host, port }: Endpoint): string {
  return `server:
  interface: ${host}@${port}
  access-control: 0.0.0.0/0 allow
  directory: "${directory}"
  pidfile: ""
  username: ""
  chroot: ""
  do-daemonize: no
  use-syslog: no
  logfile: ""
  do-not-query-localhost: no`;
}

export function unboundStub(upstream: number): string {
  return `stub-zone:\n  name: example.\n  stub-addr: 127.0.0.1@${upstream}\n`;
}

/** Settings of PowerDNS Recursor. */
export function powerdnsSettings(directory: string, { host, port }: Endpoint, upstream: number): string {
  return `local-address=${host}
local-port=${port}
allow-from=0.0.0.0/0
socket-dir=${directory}
config-dir=${directory}
forward-zones=example=127.0.0.1:${upstream}
dnssec=off
daemon=no
write-pid=no
threads=1
disable-syslog=yes
dont-query=
security-poll-suffix=
`;
}

/** Faster than an operator wants it, so that a test need not wait. */
const FAST_REFRESH = {
  'min-refresh-time 5; max-refresh-time 60; min-retry-time 5; max-retry-time 30;':
    'min-refresh-time 1; max-refresh-time 2; min-retry-time 1; max-retry-time 2;',
};

/** BIND as docs/dns.md says, with one or more primaries. */
export function bindSecondary(
  directory: string,
  at: Endpoint,
  primaries: readonly Endpoint[],
  upstream: number,
): string {
  const list = primaries.map(({ host, port }) => `${host} port ${port} key "isp";`).join(' ');
  const transferFrom = at.host.includes(':') ? `transfer-source-v6 ${at.host};` : `transfer-source ${at.host};`;
  return documented('named', {
    'options {': `options { ${bindOptions(directory, at)} ${transferFrom}`,
    '203.0.113.53 port 5300 key "isp";': list,
    '203.0.113.53;': primaries.map(({ host }) => `${host};`).join(' '),
    ...FAST_REFRESH,
  }).concat(`controls {};\n${bindForward(upstream)}`);
}

/** Unbound as docs/dns.md says, with one or more primaries. */
export function unboundSecondary(
  directory: string,
  at: Endpoint,
  primaries: readonly Endpoint[],
  upstream: number,
): string {
  return documented('unbound', {
    'server:': unboundServer(directory, at),
    '  primary: 203.0.113.53@5300': primaries.map(({ host, port }) => `  primary: ${host}@${port}`).join('\n'),
    '  allow-notify: 203.0.113.53': primaries.map(({ host }) => `  allow-notify: ${host}`).join('\n'),
  }).concat(unboundStub(upstream));
}
