/**
 * The machine's network fails under a running program: no route to the upstream resolver (in a network namespace of the
 * test's own, which has a loopback interface and nothing else), and no file descriptor left. Everything else goes on.
 */
import { spawnSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { requireFacility, requireProgram } from '../support/real-program.js';
import { Served } from '../support/served-process.js';

let served: Served | undefined;
afterEach(async () => {
  await served?.stop();
  served = undefined;
});

const COMMON = `
operator: { name: Lab, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }
storage: { directory: state }
lab: true
`;

const dig = requireProgram('dig');
const namespaces = requireFacility(
  'network namespaces need root and unshare(1) (Debian: apt-get install util-linux)',
  spawnSync('unshare', ['--net', 'true']).status === 0,
);

it.skipIf(dig === undefined || !namespaces)(
  'no route to any upstream resolver, IPv4 and IPv6: SERVFAIL, names that are redirected still are, announces go on',
  async () => {
    // Names and default keys as an operator has them; 192.0.2.0/24 and 2001:db8::/32 are for documentation only.
    const yaml = `${COMMON}
tracker: { listen: ["udp://127.0.0.1:6969", "http://127.0.0.1:6969"] }
control: { listen: "http://127.0.0.1:8090" }
dnsRedirect:
  listen: ["127.0.0.1:5353"]
  upstreamResolvers: ["192.0.2.53", "2001:db8::53"]
  trackers: [tracker.example]
  trackerAddresses: [127.0.0.1]
`;
    served = await Served.start(yaml, { shell: 'ip link set lo up && exec "$@"', ownNetwork: true });
    const inside = (command: string, ...args: string[]): string =>
      spawnSync('nsenter', [`--net=/proc/${served!.process.pid}/ns/net`, command, ...args]).stdout.toString();
    const ask = (name: string, ...more: string[]): string =>
      inside(dig!, '@127.0.0.1', '-p', '5353', '+time=5', '+tries=1', ...more, name);
    for (let i = 0; i < 3; i++) expect(ask('example.org')).toContain('status: SERVFAIL');
    expect(ask('example.org', '+tcp')).toContain('status: SERVFAIL');
    expect(ask('tracker.example', '+short').trim()).toBe('127.0.0.1');
    const announce = `info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=6881&left=1&uploaded=0&downloaded=0`;
    expect(inside('curl', '-s', `http://127.0.0.1:6969/announce?${announce}`)).toContain('8:interval');
    expect(served.isAlive).toBe(true);
    expect(await served.stop()).toBe(0);
  },
);

it('out of file descriptors: connections are refused, and answered again once there are some', async () => {
  const port = { tracker: await freePort(), control: await freePort(), mirror: await freePort() };
  const yaml = `${COMMON}
tracker: { transport: portable, listen: ["http://127.0.0.1:${port.tracker}"] }
mirrorSite: { listen: "http://127.0.0.1:${port.mirror}" }
control: { listen: "http://127.0.0.1:${port.control}" }
`;
  served = await Served.start(yaml, { shell: 'ulimit -n 200; exec "$@"' });
  const sockets: Socket[] = [];
  let refused = 0;
  for (const to of [port.control, port.mirror, port.tracker]) {
    for (let i = 0; i < 120; i++) {
      const socket = connect(to, '127.0.0.1');
      socket.on('error', () => {});
      socket.on('close', () => refused++);
      sockets.push(socket);
    }
  }
  await served.until('it is out of file descriptors', () => refused > 0);
  for (const socket of sockets) socket.destroy();
  const status = (of: number, path: string): Promise<number> =>
    fetch(`http://127.0.0.1:${of}${path}`).then(
      (response) => response.status,
      () => 0,
    );
  for (const [of, path] of [
    [port.control, '/healthz'],
    [port.mirror, '/healthz'],
    [port.tracker, '/scrape?info_hash=aaaaaaaaaaaaaaaaaaaa'],
  ] as const) {
    await served.until(`port ${of} answers again`, async () => (await status(of, path)) === 200);
  }
  expect(await served.stop()).toBe(0);
});
