/** Resolvers of others, as they stand between users and the redirection: each forwards everything to it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { freePort } from '../free-port.js';
import { answerOf, type Closing, startDaemon } from './daemon.js';
import type { SignedWorld } from './signed-world.js';

export interface FrontResolver {
  readonly program: string;
  /** @param anchor it validates. @returns when it answers */
  start(closing: Closing[], upstream: Endpoint, anchor: SignedWorld['anchor'] | undefined): Promise<Endpoint>;
}

interface Files {
  readonly directory: string;
  write(name: string, text: string): string;
}

function files(closing: Closing[], program: string): Files {
  const directory = mkdtempSync(join(tmpdir(), `${program}-`));
  closing.push(async () => rmSync(directory, { recursive: true, force: true }));
  return {
    directory,
    write(name, text) {
      const file = join(directory, name);
      writeFileSync(file, text);
      return file;
    },
  };
}

/** It has asked upstream, and validated if it does. */
function ready(endpoint: Endpoint): () => Promise<boolean> {
  return async () => (await answerOf(endpoint, 'api.plain.example')) === 'NOERROR: A 198.51.100.81';
}

const bind: FrontResolver = {
  program: 'named',
  async start(closing, upstream, anchor) {
    const { directory, write } = files(closing, 'named');
    const endpoint = { host: '127.0.0.1', port: await freePort() };
    const [, publicKey] = /DNSKEY 257 3 13 (.*)$/.exec(anchor?.key ?? '') ?? [];
    const anchors = anchor ? `trust-anchors { . static-key 257 3 13 "${publicKey!.replaceAll(' ', '')}"; };` : '';
    const config = write(
      'named.conf',
      `options { directory "${directory}"; pid-file none; session-keyfile none; recursion yes; allow-query { any; };
        listen-on port ${endpoint.port} { 127.0.0.1; }; listen-on-v6 { none; }; empty-zones-enable no;
        dnssec-validation ${anchor ? 'yes' : 'no'}; forward only;
        forwarders { ${upstream.host} port ${upstream.port}; }; };
      controls {}; ${anchors}`,
    );
    await startDaemon(closing, 'named', ['-g', '-c', config], { isReady: ready(endpoint) });
    return endpoint;
  },
};

const unbound: FrontResolver = {
  program: 'unbound',
  async start(closing, upstream, anchor) {
    const { directory, write } = files(closing, 'unbound');
    const endpoint = { host: '127.0.0.1', port: await freePort() };
    if (anchor) write('root.key', `${anchor.key}\n`);
    const config = write(
      'unbound.conf',
      `server:
  directory: "${directory}"
  pidfile: ""
  username: ""
  chroot: ""
  interface: 127.0.0.1@${endpoint.port}
  do-not-query-localhost: no
  use-syslog: no
  module-config: "${anchor ? 'validator iterator' : 'iterator'}"
  ${anchor ? 'trust-anchor-file: root.key' : ''}
forward-zone:
  name: "."
  forward-addr: ${upstream.host}@${upstream.port}
remote-control:
  control-enable: no
`,
    );
    await startDaemon(closing, 'unbound', ['-d', '-c', config], { isReady: ready(endpoint) });
    return endpoint;
  },
};

const dnsmasq: FrontResolver = {
  program: 'dnsmasq',
  async start(closing, upstream, anchor) {
    const { write } = files(closing, 'dnsmasq');
    const endpoint = { host: '127.0.0.1', port: await freePort() };
    const [, ds] = /DS (.*)$/.exec(anchor?.ds ?? '') ?? [];
    const [tag, algorithm, digestType, ...digest] = (ds ?? '').split(/\s+/);
    const config = write(
      'dnsmasq.conf',
      `port=${endpoint.port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
server=${upstream.host}#${upstream.port}
cache-size=1000
pid-file=
${anchor ? `dnssec\ntrust-anchor=.,${tag},${algorithm},${digestType},${digest.join('')}` : ''}
`,
    );
    await startDaemon(closing, 'dnsmasq', ['-k', '--log-facility=-', '-C', config], { isReady: ready(endpoint) });
    return endpoint;
  },
};

const knot: FrontResolver = {
  program: 'kresd',
  async start(closing, upstream, anchor) {
    const { directory, write } = files(closing, 'kresd');
    const endpoint = { host: '127.0.0.1', port: await freePort() };
    const forward = `policy.${anchor ? 'FORWARD' : 'STUB'}('${upstream.host}@${upstream.port}')`;
    const config = write(
      'config',
      `net.listen('127.0.0.1', ${endpoint.port}, { kind = 'dns' })
modules.unload('ta_update'); modules.unload('ta_signal_query'); modules.unload('priming'); modules.unload('detect_time_skew')
cache.size = 10 * MB
trust_anchors.remove('.')
${anchor ? `trust_anchors.add('${anchor.ds.replace(/^\.\s+(\d+\s+)?IN DS/, '. IN DS')}')` : ''}
policy.add(policy.all(${forward}))
`,
    );
    await startDaemon(closing, 'kresd', ['-n', '-c', config, directory], { directory, isReady: ready(endpoint) });
    return endpoint;
  },
};

const powerDns: FrontResolver = {
  program: 'pdns_recursor',
  async start(closing, upstream, anchor) {
    const { directory, write } = files(closing, 'pdns');
    const endpoint = { host: '127.0.0.1', port: await freePort() };
    const [, ds] = /DS (.*)$/.exec(anchor?.ds ?? '') ?? [];
    write('anchors.lua', anchor ? `clearTA() addTA('.', "${ds}")` : '');
    write(
      'recursor.conf',
      `config-dir=${directory}
socket-dir=${directory}
local-address=127.0.0.1
local-port=${endpoint.port}
forward-zones-recurse=.=${upstream.host}:${upstream.port}
dnssec=${anchor ? 'validate' : 'off'}
daemon=no
write-pid=no
threads=1
disable-syslog=yes
dont-query=
security-poll-suffix=
hint-file=no
lua-config-file=${join(directory, 'anchors.lua')}
`,
    );
    await startDaemon(closing, 'pdns_recursor', [`--config-dir=${directory}`], { isReady: ready(endpoint) });
    return endpoint;
  },
};

export const FRONT_RESOLVERS: readonly FrontResolver[] = [bind, unbound, dnsmasq, knot, powerDns];
