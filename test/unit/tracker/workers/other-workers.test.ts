/** Requests over HTTP that reach another worker than the owner of their swarm: clients must not notice. */
import bencode from 'bencode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COUNT_DEFECTS, countersOver, createCounters } from '../../../../src/tracker/counters.js';
import { GuardedHttpHandler } from '../../../../src/tracker/guarded-handlers.js';
import { HTTP_LATER } from '../../../../src/transport/transport.js';
import { escaped, LabTracker, type LabTrackerOptions, networks, PUBLIC, peerId, remoteOf } from '../lab-tracker.js';
import { hashOf, WorkerGroup } from './worker-group.js';

const COUNT = 4;
const PROXY = '10.0.0.1';
const OPTIONS: LabTrackerOptions = {
  proxies: ['10.0.0.0/8'],
  settings: { trusted: networks('193.0.9.0/24') },
};

interface Announce {
  readonly owner: number;
  readonly n?: number;
  readonly method?: string;
  readonly path?: string;
  readonly more?: string;
  readonly head?: string;
}

function announce({ owner, n = 1, method = 'GET', path = '/announce', more = '', head = '' }: Announce): string {
  const query = `info_hash=${escaped(hashOf(owner, COUNT))}&peer_id=${escaped(peerId(n))}&port=${6_000 + n}&left=${n % 2}`;
  return `${method} ${path}?${query}${more} HTTP/1.1\r\nHost: tracker.example\r\n${head}\r\n`;
}

function scrape(hashes: readonly Uint8Array[], head = '', method = 'GET'): string {
  return `${method} /scrape?${hashes.map((hash) => `info_hash=${escaped(hash)}`).join('&')} HTTP/1.1\r\n${head}\r\n`;
}

/** The answers on a connection. What is drawn at random is left out: the interval, and the order of the peers. */
function answersOf(received: Buffer): string[] {
  const answers: string[] = [];
  for (let at = 0; at < received.length; ) {
    const bodyAt = received.indexOf('\r\n\r\n', at) + 4;
    const head = received.toString('latin1', at, bodyAt);
    const length = Number(/Content-Length: (\d+)/.exec(head)![1]);
    // The head of an answer to HEAD says how long the body would be.
    const next = received.toString('latin1', bodyAt, bodyAt + 5) === 'HTTP/' ? 0 : length;
    answers.push(head + plainBody(received.subarray(bodyAt, bodyAt + next)));
    at = bodyAt + Math.min(next, received.length - bodyAt);
  }
  return answers;
}

function plainBody(body: Buffer): string {
  if (body[0] !== 0x64 || !body.includes('8:interval')) return body.toString('latin1');
  const value = bencode.decode(body) as Record<string, unknown>;
  const sorted = (peers: unknown, size: number): string[] | undefined => {
    if (peers instanceof Uint8Array)
      return (
        Buffer.from(peers)
          .toString('hex')
          .match(RegExp(`.{${2 * size}}`, 'g')) ?? []
      ).sort();
    return Array.isArray(peers)
      ? peers.map((peer) => Buffer.from(bencode.encode(peer)).toString('hex')).sort()
      : undefined;
  };
  return JSON.stringify({ ...value, interval: 0, peers: sorted(value.peers, 6), peers6: sorted(value.peers6, 18) });
}

function countersOf(trackers: readonly LabTracker[]) {
  const all = trackers.map(({ counters }) => counters);
  const sum = (read: (view: LabTracker['counters']) => number): number =>
    all.reduce((total, view) => total + read(view), 0);
  return {
    announces: sum(({ announces }) => announces.http),
    scrapes: sum(({ scrapes }) => scrapes.http),
    peersGiven: sum(({ peersGiven }) => peersGiven),
    unnamed: sum(({ unnamedBehindProxy }) => unnamedBehindProxy),
    defects: sum(({ defects }) => defects),
    refusals: Object.fromEntries(Object.keys(all[0]!.refusals).map((name) => [name, sum((v) => v.refusals[name]!)])),
  };
}

describe('which requests are passed', () => {
  it('those for swarms of another worker, and no others', () => {
    const group = new WorkerGroup(COUNT);
    const passed = (): number => group.trackers[1]!.counters.passedToWorkers;
    expect(group.ask(1, announce({ owner: 1 }))).toContain('10:incompletei1e');
    expect(passed()).toBe(0);
    expect(group.ask(1, announce({ owner: 2 }))).toContain('10:incompletei1e');
    expect(passed()).toBe(1);
    // Not in the form that nearly every client sends.
    expect(group.ask(1, announce({ owner: 3, path: '/some/announce.php' }))).toContain('10:incompletei1e');
    expect(passed()).toBe(2);
    expect(group.trackers.map(({ counters }) => counters.announces.http)).toEqual([0, 1, 1, 1]);
    expect(group.trackers.map(({ store }) => store.stats.peers)).toEqual([0, 1, 1, 1]);
  });

  it.each([
    ['without an info-hash', 'GET /announce?port=1 HTTP/1.1\r\n\r\n'],
    ['with a short info-hash', 'GET /announce?info_hash=abc HTTP/1.1\r\n\r\n'],
    ['with two', announce({ owner: 2, more: `&info_hash=${escaped(hashOf(3, COUNT))}` })],
    ['with a short peer id', `GET /announce?info_hash=${escaped(hashOf(2, COUNT))}&peer_id=x HTTP/1.1\r\n\r\n`],
    ['with a bad port', announce({ owner: 2, more: '&port=70000' })],
    ['of another path', 'GET /index.html HTTP/1.1\r\n\r\n'],
    ['of another method', announce({ owner: 2, method: 'POST' })],
    ['that is malformed', 'GET\r\n\r\n'],
    ['that is too long', announce({ owner: 2, more: `&x=${'y'.repeat(9_000)}` })],
    ['of a scrape without a hash', 'GET /scrape HTTP/1.1\r\n\r\n'],
    ['of a scrape with a short hash', 'GET /scrape?info_hash=abc HTTP/1.1\r\n\r\n'],
  ])('not a request %s', (_, text) => {
    const group = new WorkerGroup(COUNT);
    const alone = new LabTracker();
    const answer = group.ask(1, text);
    expect(answer).toBe(alone.http(text)!.body.length > 0 ? answer : '');
    expect(answer).toContain(alone.http(text)!.body.toString('latin1'));
    expect(group.trackers.map(({ counters }) => counters.passedToWorkers)).toEqual([0, 0, 0, 0]);
    expect(group.wakes).toEqual([]);
  });

  it('a scrape of one owner as it is, of several owners as a question to each of the others', () => {
    const group = new WorkerGroup(COUNT);
    group.ask(0, scrape([hashOf(2, COUNT, 1), hashOf(2, COUNT, 2)]));
    expect(group.trackers.map(({ counters }) => counters.passedToWorkers)).toEqual([1, 0, 0, 0]);
    expect(group.trackers.map(({ counters }) => counters.scrapes.http)).toEqual([0, 0, 1, 0]);
    group.ask(1, scrape([hashOf(2, COUNT, 1), hashOf(3, COUNT, 2), hashOf(1, COUNT), hashOf(3, COUNT)]));
    expect(group.trackers.map(({ counters }) => counters.passedToWorkers)).toEqual([1, 2, 0, 0]);
    expect(group.trackers.map(({ counters }) => counters.scrapes.http)).toEqual([0, 1, 1, 0]);
  });

  it('a handler does nothing that counts before the transport has taken the request', () => {
    const group = new WorkerGroup(2);
    const { httpHandler, counters } = group.trackers[0]!;
    for (const text of [
      `GET /announce?info_hash=${escaped(hashOf(1, 2))}&peer_id=${escaped(peerId(1))}&port=1 HTTP/1.1\r\n\r\n`,
      scrape([hashOf(0, 2), hashOf(1, 2)]),
    ]) {
      const bytes = Buffer.from(text, 'latin1');
      expect(httpHandler.onHttpBytes(bytes, 0, bytes.length, remoteOf(PUBLIC(1)), new Uint8Array(70_000), 0)).toBe(-1);
      expect(httpHandler.consumed).toBe(bytes.length);
    }
    expect(group.trackers[0]!.counters).toEqual(counters);
    expect(group.wakes).toEqual([]);
  });
});

describe('an answer of another worker', () => {
  const requests: fc.Arbitrary<{ text: string; ends?: boolean }> = fc
    .record({
      owner: fc.nat(COUNT - 1),
      others: fc.array(fc.nat(2 * COUNT), { minLength: 1, maxLength: 6 }),
      n: fc.integer({ min: 1, max: 20 }),
      kind: fc.constantFrom(
        'usual',
        'usual',
        'dictionary',
        'unusual',
        'head',
        'forwarded',
        'unreadable',
        'ip',
        'stopped',
        'no-port',
        'denied',
        'scrape',
        'scrapes',
        'head-scrapes',
        'bad-hash',
        'closing',
        'old',
        'body',
      ),
    })
    .map(({ owner, others, n, kind }) => {
      const hashes = others.map((i) => hashOf(i % COUNT, COUNT, Math.floor(i / COUNT)));
      switch (kind) {
        case 'dictionary':
          return { text: announce({ owner, n, more: '&compact=0&numwant=50' }) };
        case 'unusual':
          return { text: announce({ owner, n, path: `/${'k'.repeat(n)}/announce` }) };
        case 'head':
          return { text: announce({ owner, n, method: 'HEAD' }), ends: false };
        case 'forwarded':
          return { text: announce({ owner, n, head: `X-Forwarded-For: 1.2.3.4, 193.0.1.${n}\r\n` }) };
        case 'unreadable':
          return { text: announce({ owner, n, head: 'X-Forwarded-For: unknown\r\n' }) };
        case 'ip':
          return { text: announce({ owner, n, more: `&ip=193.0.2.${n}` }) };
        case 'stopped':
          return { text: announce({ owner, n, more: '&event=stopped' }) };
        case 'no-port':
          return { text: announce({ owner, n, more: '&port=0' }) };
        case 'denied':
          return {
            text: `GET /announce?info_hash=${escaped(hashOf(owner, COUNT, 9))}&peer_id=${escaped(peerId(n))}&port=1 HTTP/1.1\r\n\r\n`,
          };
        case 'scrape':
          return { text: scrape([hashOf(owner, COUNT)]) };
        case 'scrapes':
          return { text: scrape([...hashes, hashes[0]!, hashOf(owner, COUNT, 9)]) };
        case 'head-scrapes':
          return { text: scrape(hashes, '', 'HEAD') };
        case 'bad-hash':
          return { text: 'GET /scrape?info_hash=xyz HTTP/1.1\r\n\r\n' };
        case 'closing':
          return { text: announce({ owner, n, head: 'Connection: close\r\n' }), ends: true };
        case 'old':
          return { text: announce({ owner, n }).replace('HTTP/1.1', 'HTTP/1.0'), ends: true };
        case 'body':
          return { text: `${announce({ owner, n, head: 'Content-Length: 3\r\n' })}xyz`, ends: true };
        default:
          return { text: announce({ owner, n }) };
      }
    });
  const denied = Buffer.concat(Array.from({ length: COUNT }, (_, owner) => hashOf(owner, COUNT, 9)));
  const options: LabTrackerOptions = {
    ...OPTIONS,
    access: { mode: 'open', hashes: new Uint8Array(0), deniedHashes: new Uint8Array(denied) },
  };

  it('is what one worker with all swarms answers, in the same order on the same connection', () => {
    const connection = fc.record({
      worker: fc.nat(COUNT - 1),
      from: fc.constantFrom(PUBLIC(1), PUBLIC(2), PROXY, '193.0.9.5', '2a00:1:2:3:4:5:6:7'),
      requests: fc.array(requests, { minLength: 1, maxLength: 6 }),
    });
    const group = new WorkerGroup(COUNT, options);
    const alone = new WorkerGroup(1, options);
    fc.assert(
      fc.property(connection, ({ worker, from, requests }) => {
        const text = requests.map((request) => request.text).join('');
        const [here, there] = [group.connect(worker, from), alone.connect(0, from)];
        here.send(text);
        there.send(text);
        // A connection has one request under way, so several of them take several turns.
        for (let turn = 0; turn < requests.length; turn++) group.settle();
        expect(answersOf(here.received)).toEqual(answersOf(there.received));
        expect(here.closed).toBe(there.closed);
      }),
      // A smaller example would meet other swarms.
      { numRuns: 300, endOnFailure: true },
    );
    expect(countersOf(group.trackers)).toEqual(countersOf(alone.trackers));
    for (const { defects } of group.trackers) expect(defects).toEqual([]);
  });

  it('waits for the owner, and what the client sends meanwhile waits behind it', () => {
    const group = new WorkerGroup(2);
    const ask = (owner: number, n: number): string =>
      `GET /announce?info_hash=${escaped(hashOf(owner, 2))}&peer_id=${escaped(peerId(n))}&port=${n} HTTP/1.1\r\n\r\n`;
    const connection = group.connect(0);
    connection.send(ask(1, 1) + ask(0, 2) + ask(0, 3));
    group.settle([0]);
    expect(connection.received).toHaveLength(0);
    connection.send(ask(1, 4));
    group.settle();
    expect(answersOf(connection.received).map((text) => /"incomplete":(\d)/.exec(text)![1])).toEqual([
      '1',
      '1',
      '2',
      '2',
    ]);
  });

  it('knows under which name the client announced', () => {
    const group = new WorkerGroup(2);
    for (const tracker of group.trackers) {
      tracker.announcer.useRedirectedTrackers({
        unknownTorrents: 'refuse',
        trackers: [{ name: 'original.example', addresses: [] }],
      });
    }
    const ask = (host: string): string =>
      group.ask(
        0,
        `GET /announce?info_hash=${escaped(hashOf(1, 2))}&peer_id=${escaped(peerId(1))}&port=1 HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      );
    expect(ask('original.example')).toContain('this torrent is not in its catalogue');
    expect(ask('tracker.example')).toContain('10:incompletei1e');
    expect(group.trackers.map(({ counters }) => counters.refusals['unknown-torrent'])).toEqual([0, 1]);
  });
});

describe('the guard of a handler', () => {
  const guardOf = (errors: unknown[]) => {
    const counters = countersOver(createCounters());
    return { counters, nowMs: () => 0, onDefect: (error: unknown) => void errors.push(error) };
  };
  const inner = { consumed: 7, close: false, onHttpBytes: () => HTTP_LATER };

  it('passes requests on', () => {
    const tickets: number[] = [];
    const guarded = new GuardedHttpHandler({ ...inner, passOn: (ticket) => void tickets.push(ticket) }, guardOf([]));
    const bytes = new Uint8Array(9);
    expect(guarded.onHttpBytes(bytes, 0, 9, remoteOf(PUBLIC(1)), bytes, 0)).toBe(HTTP_LATER);
    expect(guarded.consumed).toBe(7);
    guarded.passOn(2 ** 40);
    expect(tickets).toEqual([2 ** 40]);
  });

  it('reports a defect of that', () => {
    const errors: unknown[] = [];
    const guard = guardOf(errors);
    const defect = new Error('planted');
    const passOn = (): void => {
      throw defect;
    };
    new GuardedHttpHandler({ ...inner, passOn }, guard).passOn(1);
    expect(errors).toEqual([defect]);
    expect(guard.counters[COUNT_DEFECTS]).toBe(1);
  });
});

describe('an owner that is down', () => {
  const text = (owner: number, n: number): string =>
    `GET /announce?info_hash=${escaped(hashOf(owner, 2))}&peer_id=${escaped(peerId(n))}&port=${n}&left=1 HTTP/1.1\r\n\r\n`;

  it('answers once it is back', () => {
    const group = new WorkerGroup(2);
    const connection = group.connect(0);
    connection.send(text(1, 1));
    group.settle([0]);
    group.restart(1);
    group.settle();
    expect(connection.received.toString('latin1')).toContain('10:incompletei1e');
  });

  it('is busy once its ring is full, and the answer says so', () => {
    const group = new WorkerGroup(2);
    let connections = 0;
    let answer = '';
    for (; answer === ''; connections++) {
      const connection = group.connect(0);
      connection.send(text(1, 1 + (connections % 1_000)));
      answer = connection.received.toString('latin1');
    }
    expect(connections).toBeGreaterThan(500);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain('14:failure reason42:the tracker is busy; try again in a minute');
    expect(answer).toContain('8:retry ini1e');
    expect(group.trackers[0]!.counters.refusals.busy).toBe(1);
    expect(group.trackers[0]!.counters.passedToWorkers).toBe(connections - 1);
    // The worker goes on with its own swarms, and later with the others.
    expect(group.ask(0, text(0, 1))).toContain('10:incompletei1e');
    expect(group.ask(0, text(1, 2))).toContain('5:peers');
  });

  it('gives a connection of an earlier start of this worker nothing', () => {
    const group = new WorkerGroup(2);
    const connection = group.connect(0);
    connection.send(text(1, 1));
    group.restart(0);
    group.settle();
    expect(connection.received).toHaveLength(0);
    expect(group.trackers[1]!.counters.announces.http).toBe(1);
  });

  it('a request that its worker cannot answer is a defect, and closes the connection', () => {
    const group = new WorkerGroup(2);
    const handler = { consumed: 0, close: false, onHttpBytes: () => 0 };
    group.trackers[1]!.others!.serve(1, handler, {
      address: { protocol: 'http', host: '::', port: 1 },
      close: () => {},
      answer: () => {},
    });
    const connection = group.connect(0);
    connection.send(text(1, 1));
    group.settle();
    expect(connection.received.toString()).toMatch(/^HTTP\/1\.1 500 /);
    expect(connection.closed).toBe(true);
    expect(group.trackers[1]!.counters.defects).toBe(1);
  });
});
