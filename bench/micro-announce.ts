/**
 * What an answer costs without a kernel: the real handlers and the real store, datagrams and requests made beforehand, one
 * thread. `npm run bench -- micro-announce [small|large] [udp|http|parts|layers …]` prints CPU nanoseconds an answer, the
 * median of some rounds.
 */

import { NetworkSet } from '../src/domain/network-set.js';
import { buildAnnouncer, buildStore } from '../src/tracker/build-tracker.js';
import { ConnectionIds } from '../src/tracker/connection-id.js';
import { countersOver, createCounters } from '../src/tracker/counters.js';
import type { DataPlaneOptions } from '../src/tracker/data-plane-options.js';
import { GuardedDatagramHandler, GuardedHttpHandler } from '../src/tracker/guarded-handlers.js';
import { HttpHandler } from '../src/tracker/http-handler.js';
import { inlineMore } from '../src/tracker/inlining.js';
import { TrafficMeter } from '../src/tracker/traffic-meter.js';
import { UdpHandler } from '../src/tracker/udp-handler.js';
import { RemoteAddress } from '../src/transport/transport.js';
import { decodeUdpAnnounce } from '../src/wire/udp-packets.js';
import { benchmarkPolicy } from './servers/benchmark-policy.js';
import { sourceAddress } from './source-addresses.js';
import { Workload, type WorkloadShape } from './workload.js';

// As in the data plane's thread.
inlineMore();
const SHAPES: Readonly<Record<string, WorkloadShape>> = {
  small: { torrents: 10_000, peers: 100_000, sources: 10_000 },
  large: { torrents: 1_000_000, peers: 2_000_000, sources: 10_000 },
};
const ROUNDS = 7;
const ANSWERS = 200_000;
const UDP_STRIDE = 128;
const HTTP_STRIDE = 512;
const wanted = process.argv.slice(2);
const shape = SHAPES[wanted.find((word) => word in SHAPES) ?? 'small']!;
const parts = wanted.filter((word) => !(word in SHAPES));
const isWanted = (part: string): boolean => parts.length === 0 || parts.includes(part);

const workload = new Workload(shape);
const options: DataPlaneOptions = {
  listen: [],
  ...benchmarkPolicy(),
  lab: true,
  limits: { maxPeersPerAddressInSwarm: 0, maxPeersPerAddress: 0, arenaBytes: 2 * 1024 ** 3 },
};
const counters = countersOver(createCounters());
const store = buildStore(options);
const announcer = buildAnnouncer(options, store, counters, new TrafficMeter(), () => {});
const guard = { counters, nowMs: () => performance.now(), onDefect: (error: unknown) => console.error(error) };
const ids = new ConnectionIds(new Uint8Array(16).fill(7), 'lenient');
const udp = new GuardedDatagramHandler(new UdpHandler(announcer, ids), guard);
const http = new GuardedHttpHandler(
  new HttpHandler(announcer, { proxies: new NetworkSet([]), fullScrape: false }),
  guard,
);
const output = new Uint8Array(1 << 17);
const remotes = Array.from({ length: shape.sources }, (_, i) => sourceAddress(i, shape.sources));
const remote = new RemoteAddress();
remote.port = 6881;
let nowSeconds = 1000;
announcer.setClock(nowSeconds, 0);

const batch = Math.min(ANSWERS, shape.peers);
const requestBuffer = new Uint8Array(batch * HTTP_STRIDE);
const view = new DataView(requestBuffer.buffer);
const lengths = new Uint16Array(batch);
const sources = new Uint16Array(batch);

/** The address that announce `i` of the batch comes from. */
function remoteWord(i: number): number {
  return remotes[sources[i]!]!;
}

function makeDatagrams(): void {
  for (let i = 0; i < batch; i++) {
    const peer = workload.takePeer();
    const at = i * UDP_STRIDE;
    sources[i] = workload.sourceOf[peer]!;
    remote.family = 4;
    remote.word0 = remoteWord(i);
    ids.write(requestBuffer, at, remote, nowSeconds);
    view.setUint32(at + 8, 1);
    view.setUint32(at + 12, peer);
    requestBuffer.set(
      workload.infoHashes.subarray(workload.torrentOf[peer]! * 20, workload.torrentOf[peer]! * 20 + 20),
      at + 16,
    );
    view.setUint32(at + 36, 0x2d544c30);
    for (const o of [40, 44, 48, 52]) view.setUint32(at + o, peer);
    for (let o = 56; o < 98; o += 2) view.setUint16(at + o, 0);
    if (workload.seedOf[peer] === 0) view.setUint32(at + 68, 1000);
    view.setUint32(at + 88, peer);
    view.setUint32(at + 92, 50);
    view.setUint16(at + 96, workload.portOf[peer]!);
    lengths[i] = 98;
  }
}

function makeRequests(): void {
  const text = Buffer.from(requestBuffer.buffer);
  for (let i = 0; i < batch; i++) {
    const peer = workload.takePeer();
    sources[i] = workload.sourceOf[peer]!;
    let hash = '';
    const at = workload.torrentOf[peer]! * 20;
    for (let b = 0; b < 20; b++) hash += `%${workload.infoHashes[at + b]!.toString(16).padStart(2, '0').toUpperCase()}`;
    const id = peer.toString().padStart(12, '0');
    const left = workload.seedOf[peer] === 1 ? 0 : 1000;
    lengths[i] = text.write(
      `GET /announce?info_hash=${hash}&peer_id=-TL0001-${id}&port=${workload.portOf[peer]}&uploaded=0&downloaded=0&left=${left}` +
        `&corrupt=0&key=${peer.toString(16)}&numwant=50&compact=1&no_peer_id=1&supportcrypto=1&redundant=0 HTTP/1.1\r\n` +
        'Host: tracker.example:6969\r\nUser-Agent: Transmission/4.0.5\r\nAccept: */*\r\nAccept-Encoding: deflate, gzip, br\r\n\r\n',
      i * HTTP_STRIDE,
      'latin1',
    );
  }
}

const cpuNs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};

function runUdp(): number {
  const started = cpuNs();
  for (let i = 0; i < batch; i++) {
    remote.word0 = remoteWord(i);
    udp.onDatagram(requestBuffer, i * UDP_STRIDE, lengths[i]!, remote, output, 64);
  }
  return (cpuNs() - started) / batch;
}

function runHttp(): number {
  const started = cpuNs();
  for (let i = 0; i < batch; i++) {
    remote.word0 = remoteWord(i);
    http.onHttpBytes(requestBuffer, i * HTTP_STRIDE, lengths[i]!, remote, output, 64);
  }
  return (cpuNs() - started) / batch;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

function measure(name: string, prepare: () => void, run: () => number, rounds = ROUNDS): void {
  const all: number[] = [];
  for (let round = 0; round < rounds; round++) {
    prepare();
    nowSeconds += 70;
    announcer.setClock(nowSeconds, 0);
    if (prepare === makeDatagrams) refreshIds();
    all.push(run());
  }
  console.log(`${name.padEnd(28)} ${median(all).toFixed(0).padStart(7)} ns`);
}

function refreshIds(): void {
  for (let i = 0; i < batch; i++) {
    remote.word0 = remoteWord(i);
    ids.write(requestBuffer, i * UDP_STRIDE, remote, nowSeconds);
  }
}

/** CPU nanoseconds of `body` for each announce of the batch, on average. */
function timed(body: (i: number) => void): () => number {
  return () => {
    const started = cpuNs();
    for (let i = 0; i < batch; i++) body(i);
    return (cpuNs() - started) / batch;
  };
}

const fillStarted = cpuNs();
for (let done = 0; done < shape.peers; done += batch) {
  makeDatagrams();
  runUdp();
}
console.log(
  `filled: ${store.stats.peers} peers, ${store.stats.swarms} swarms, ${((cpuNs() - fillStarted) / 1e9).toFixed(1)} s`,
);

if (isWanted('udp')) measure('udp handler', makeDatagrams, runUdp);
if (isWanted('http')) measure('http handler', makeRequests, runHttp);
if (isWanted('parts')) {
  const request = announcer.request;
  const fill = (i: number): void => {
    const at = i * UDP_STRIDE;
    request.bytes = requestBuffer;
    request.infoHashOffset = at + 16;
    request.peerIdOffset = at + 36;
    request.word0 = remoteWord(i);
    request.family = 4;
    request.event = 0;
    request.seed = view.getUint32(at + 68) === 0;
    request.port = view.getUint16(at + 96);
    request.group = announcer.topology.lookup4(request.word0);
    request.numWant = 50;
    request.nowSeconds = nowSeconds;
  };
  measure(
    '  connection id',
    makeDatagrams,
    timed((i) => {
      remote.word0 = remoteWord(i);
      ids.isValid(requestBuffer, i * UDP_STRIDE, remote, nowSeconds);
    }),
  );
  measure('  filling a request', makeDatagrams, timed(fill));
  measure(
    '  … store.announce',
    makeDatagrams,
    timed((i) => {
      fill(i);
      store.announce(request, announcer.outcome);
    }),
  );
  measure(
    '  … and select',
    makeDatagrams,
    timed((i) => {
      fill(i);
      const requester = store.announce(request, announcer.outcome);
      store.select(request, requester, output, 64, 50);
    }),
  );
}
if (parts.includes('layers')) {
  const request = announcer.request;
  const decode = (i: number): void => {
    decodeUdpAnnounce(requestBuffer, i * UDP_STRIDE, request);
    request.wantsPeerIds = false;
    request.family = 4;
    request.word0 = remoteWord(i);
  };
  measure('  decode', makeDatagrams, timed(decode));
  measure(
    '  … announcer.announce',
    makeDatagrams,
    timed((i) => {
      decode(i);
      announcer.announce();
    }),
  );
  measure(
    '  … interval',
    makeDatagrams,
    timed((i) => {
      decode(i);
      announcer.announce();
      announcer.interval();
    }),
  );
  measure(
    '  … select',
    makeDatagrams,
    timed((i) => {
      decode(i);
      announcer.announce();
      announcer.interval();
      announcer.select(output, 64, 200);
    }),
  );
}
