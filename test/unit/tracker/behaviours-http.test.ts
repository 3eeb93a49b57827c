/** What mature trackers handle over HTTP, numbered as in the list that docs/tracker-behaviours.md gives. */
import bencode from 'bencode';
import { describe, expect, it } from 'vitest';
import { compactPeers, escaped, HASH, LabTracker, networks, OTHER_HASH, PUBLIC, peerId } from './lab-tracker.js';

const latin1 = (value: unknown): string => Buffer.from((value ?? []) as Uint8Array).toString('latin1');

describe('1 info_hash and peer_id are bytes', () => {
  it('counts a raw, an escaped and a mixed announce of one hash as one torrent', () => {
    const tracker = new LabTracker();
    const hash = Buffer.concat([Buffer.from('+ab'), Buffer.alloc(17, 0xfe)]);
    const raw = hash.toString('latin1');
    tracker.get({ info_hash: raw }, PUBLIC(1));
    tracker.get({ info_hash: escaped(hash) }, PUBLIC(2));
    const answer = tracker.get({ info_hash: `%2Bab${raw.slice(3)}` }, PUBLIC(3));
    expect(answer.incomplete).toBe(3);
  });
});

describe('2 two info_hash', () => {
  it('are a failure in an announce', () => {
    const tracker = new LabTracker();
    const text = `GET /announce?${tracker.query()}&info_hash=${escaped(OTHER_HASH)} HTTP/1.1\r\n\r\n`;
    expect(latin1(tracker.http(text)!.value['failure reason'])).toBe('only one info_hash can be announced at a time');
    expect(tracker.counters.refusals['two-info-hashes']).toBe(1);
  });

  it('are answered in a scrape, up to a hundred', () => {
    const tracker = new LabTracker();
    const asked = Array.from({ length: 150 }, (_, i) => escaped(new Uint8Array(20).fill(i)).replaceAll('%', '%'));
    const short = asked.map((hash) => `info_hash=${hash}`).join('&');
    const answer = tracker.http(`GET /scrape?${short} HTTP/1.1\r\n\r\n`);
    expect(answer!.status).toBe(431);
    const raw = Array.from(
      { length: 150 },
      (_, i) => `info_hash=${String.fromCharCode(0x41 + (i % 26), 0x41 + Math.floor(i / 26)).repeat(10)}`,
    );
    const files = tracker.http(`GET /scrape?${raw.join('&')} HTTP/1.1\r\n\r\n`)!.value.files as object;
    expect(Object.keys(files)).toHaveLength(100);
  });
});

describe('3 the path', () => {
  it.each(['/announce', '/announce.php', '/0123456789abcdef/announce', '///announce', '//0123//announce.php/'])(
    '%s announces',
    (path) => {
      const tracker = new LabTracker();
      const answer = tracker.http(`GET ${path}?${tracker.query()} HTTP/1.1\r\n\r\n`)!;
      expect(answer.value.incomplete).toBe(1);
    },
  );

  it.each([
    '/',
    '//',
    '/ann',
    '/bt/ann',
    '/tracker.php',
    '/announce/0123456789abcdef',
    '/announce.php/0123456789abcdef',
    '/Announce',
    '/ANNOUNCE.php',
    '/%61nnounce',
    '/announce%2Ephp',
    '',
    'http://tracker.example:6969',
    'http://tracker.example:6969/ann',
  ])('"%s" announces where the query has an info-hash', (path) => {
    const tracker = new LabTracker();
    const answer = tracker.http(`GET ${path}?uk=abc&${tracker.query()} HTTP/1.1\r\n\r\n`)!;
    expect(answer.value.incomplete).toBe(1);
    expect(tracker.counters.announces.http).toBe(1);
  });

  it('announces behind a second question mark', () => {
    const tracker = new LabTracker();
    expect(tracker.http(`GET /ann?uk=abc?${tracker.query()} HTTP/1.1\r\n\r\n`)!.value.incomplete).toBe(1);
    expect(tracker.http(`GET /announce?uk=abc?${tracker.query()} HTTP/1.1\r\n\r\n`)!.value.incomplete).toBe(1);
  });

  it.each([
    '/scrape',
    '/scrape.php',
    '/Scrape',
    '/%73crape',
    '/bt/scrape.php',
    '/0123456789abcdef/scrape',
    '/scrape/0123',
  ])('%s scrapes', (path) => {
    const tracker = new LabTracker();
    tracker.get({}, PUBLIC(1));
    const answer = tracker.http(`GET ${path}?info_hash=${escaped(HASH)} HTTP/1.1\r\n\r\n`)!;
    expect(answer.value).toHaveProperty('files');
    expect(tracker.counters.scrapes.http).toBe(1);
  });

  it('may be an absolute URI', () => {
    const tracker = new LabTracker();
    const answer = tracker.http(`GET http://tracker.example:6969/announce?${tracker.query()} HTTP/1.1\r\n\r\n`)!;
    expect(answer.value.incomplete).toBe(1);
  });

  it.each(['/', '/stats', '/announcement', '/announce/me', '*'])('%s is none of the tracker', (path) => {
    const answer = new LabTracker().http(`GET ${path} HTTP/1.1\r\n\r\n`)!;
    expect(answer.status).toBe(404);
    expect(answer.close).toBe(false);
  });
});

describe('4 errors', () => {
  it('are status 200 with a bencoded failure reason', () => {
    const tracker = new LabTracker();
    const answer = tracker.http('GET /announce HTTP/1.1\r\n\r\n')!;
    expect(answer.status).toBe(200);
    expect(latin1(answer.value['failure reason'])).toBe('info_hash must be 20 bytes');
    expect(answer.value).not.toHaveProperty('retry in');
  });

  it('name when to come back where they may pass', () => {
    const tracker = new LabTracker({ access: { mode: 'catalogue', hashes: OTHER_HASH } });
    expect(tracker.get()).toEqual({
      'failure reason': new Uint8Array(Buffer.from('this torrent is not on this tracker')),
      interval: 1_800,
      'retry in': 30,
    });
  });
});

describe('5 connections', () => {
  it.each([
    ['HTTP/1.1', '', false],
    ['HTTP/1.1', 'Connection: close\r\n', true],
    ['HTTP/1.0', '', true],
    ['HTTP/1.0', 'Connection: keep-alive\r\n', false],
  ])('%s with "%s"', (version, header, close) => {
    const tracker = new LabTracker();
    const answer = tracker.http(`GET /announce?${tracker.query()} ${version}\r\n${header}\r\n`)!;
    expect(answer.close).toBe(close);
    expect(answer.headers.connection).toBe(close ? 'close' : 'keep-alive');
    expect(Number(answer.headers['content-length'])).toBe(answer.body.length);
  });

  it('answers pipelined requests one by one', () => {
    const tracker = new LabTracker();
    const request = `GET /announce?${tracker.query()} HTTP/1.1\r\n\r\n`;
    expect(tracker.http(request + request)!.consumed).toBe(request.length);
  });

  it('answers HEAD with the head alone', () => {
    const tracker = new LabTracker();
    const answer = tracker.http(`HEAD /announce?${tracker.query()} HTTP/1.1\r\n\r\n`)!;
    expect(answer.status).toBe(200);
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(50);
    expect(answer.body).toHaveLength(0);
  });

  it('tolerates bare line feeds', () => {
    const tracker = new LabTracker();
    expect(tracker.http(`GET /announce?${tracker.query()} HTTP/1.1\nHost: x\n\n`)!.value.incomplete).toBe(1);
  });

  it('refuses a request line and a header block over 8 KiB, and closes', () => {
    const tracker = new LabTracker();
    for (const text of [
      `GET /announce?${'a'.repeat(9_000)}`,
      `GET /announce HTTP/1.1\r\n${'X-Padding: aaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(300)}\r\n`,
    ]) {
      expect(tracker.http(text)).toMatchObject({ status: 431, close: true });
    }
    expect(tracker.http(`GET /announce?${'a'.repeat(8_000)}`)).toBeNull();
  });

  it('answers other methods, bodies and nonsense, and closes', () => {
    const tracker = new LabTracker();
    const body = `GET /announce?${tracker.query()} HTTP/1.1\r\nContent-Length: 4\r\n\r\nGET `;
    expect(tracker.http(body)).toMatchObject({ status: 200, close: true, consumed: body.length });
    const post = tracker.http('POST /announce HTTP/1.1\r\nContent-Length: 0\r\n\r\n');
    expect(post).toMatchObject({ status: 405, close: true, headers: { allow: 'get, head' } });
    expect(tracker.http('\x13BitTorrent protocol\n')).toMatchObject({ status: 400, close: true });
  });
});

describe('6 compact and dictionary form', () => {
  it('is compact unless compact=0', () => {
    const tracker = new LabTracker();
    tracker.get({ port: '1001' }, PUBLIC(9));
    for (const compact of [{}, { compact: '1' }, { compact: '' }]) {
      expect(tracker.get({ ...compact, peer_id: escaped(peerId(2)) }, PUBLIC(2)).peers).toEqual(
        new Uint8Array([193, 0, 0, 9, 3, 233]),
      );
    }
  });

  it('lists dictionaries with the ids that clients sent, or without them', () => {
    const tracker = new LabTracker();
    const asking = { compact: '0', peer_id: escaped(peerId(2)) };
    tracker.get(asking, PUBLIC(2));
    tracker.get({ port: '1001', peer_id: escaped(peerId(7)) }, PUBLIC(9));
    expect(tracker.get(asking, PUBLIC(2)).peers).toEqual([
      { ip: new Uint8Array(Buffer.from(PUBLIC(9))), 'peer id': peerId(7), port: 1_001 },
    ]);
    expect(tracker.get({ ...asking, no_peer_id: '1' }, PUBLIC(2)).peers).toEqual([
      { ip: new Uint8Array(Buffer.from(PUBLIC(9))), port: 1_001 },
    ]);
  });

  it('has peers also where there are none', () => {
    const tracker = new LabTracker();
    expect(tracker.get().peers).toEqual(new Uint8Array(0));
    expect(tracker.get({ compact: '0' }).peers).toEqual([]);
  });
});

describe('7 two families', () => {
  it('gives IPv6 peers in peers6', () => {
    const tracker = new LabTracker();
    tracker.get({ port: '1001' }, '2a00::9');
    const answer = tracker.get({}, '2a00::1');
    expect(compactPeers(answer.peers6 as Uint8Array, 18)).toEqual(['2a00:0000:0000:0000:0000:0000:0000:0009:1001']);
    expect(answer.peers).toEqual(new Uint8Array(0));
  });

  it('fills an answer that its own family leaves short with the other one', () => {
    const tracker = new LabTracker();
    tracker.get({ left: '0', peer_id: escaped(peerId(2)) }, '193.0.0.5');
    tracker.get({ left: '0', peer_id: escaped(peerId(3)), port: '1001' }, '2a00::9');
    const over6 = tracker.get({}, '2a00::1');
    expect(over6.peers).toEqual(new Uint8Array([193, 0, 0, 5, 0x1a, 0xe1]));
    expect(compactPeers(over6.peers6 as Uint8Array, 18)).toHaveLength(1);
    const over4 = tracker.get({ compact: '0', no_peer_id: '1', port: '9' }, '193.0.0.77');
    expect((over4.peers as { ip: Uint8Array }[]).map(({ ip }) => Buffer.from(ip).toString())).toEqual([
      '193.0.0.5',
      expect.stringMatching(/^2a00:/),
      expect.stringMatching(/^2a00:/),
    ]);
  });

  it('takes ::ffff:a.b.c.d for IPv4 before it stores or counts', () => {
    const tracker = new LabTracker({ settings: { trusted: networks('193.0.0.0/16') } });
    tracker.get({ ip: '::ffff:193.0.0.5' });
    expect(tracker.get({ ip: '193.0.0.5' }).incomplete).toBe(1);
    expect(tracker.get({ peer_id: escaped(peerId(2)) }, '::ffff:193.0.0.6').peers).toEqual(
      new Uint8Array([193, 0, 0, 5, 0x1a, 0xe1]),
    );
  });

  it('lets a peer announce on both', () => {
    const tracker = new LabTracker();
    tracker.get({}, PUBLIC(1));
    expect(tracker.get({}, '2a00::1').incomplete).toBe(2);
    expect(compactPeers(tracker.get({ port: '9' }, PUBLIC(2)).peers as Uint8Array, 6)).toEqual(['193.0.0.1:6881']);
    expect(compactPeers(tracker.get({ port: '9' }, '2a00::2').peers6 as Uint8Array, 18)).toHaveLength(1);
  });
});

describe('8 external ip', () => {
  it('tells the client how it is seen', () => {
    const tracker = new LabTracker();
    expect(tracker.get({}, '193.0.0.77')['external ip']).toEqual(new Uint8Array([193, 0, 0, 77]));
    expect(tracker.get({}, '2a00::1')['external ip']).toHaveLength(16);
  });
});

describe('9 event', () => {
  it.each(['', 'started', 'completed', 'paused', 'bogus', 'STARTED'])('"%s" is taken', (event) => {
    const tracker = new LabTracker();
    expect(tracker.get({ event, left: '0' }).complete).toBe(1);
  });

  it('paused counts as a partial seed and is not handed to seeds', () => {
    const tracker = new LabTracker();
    tracker.get({ event: 'paused', left: '10' }, PUBLIC(1));
    const seed = tracker.get({ left: '0', peer_id: escaped(peerId(2)) }, PUBLIC(2));
    expect(seed.peers).toEqual(new Uint8Array(0));
    const leecher = tracker.get({ left: '5', peer_id: escaped(peerId(3)) }, PUBLIC(3));
    expect(compactPeers(leecher.peers as Uint8Array, 6).sort()).toEqual(['193.0.0.1:6881', '193.0.0.2:6881']);
  });
});

describe('10 left, uploaded, downloaded', () => {
  it('a missing left is a leecher', () => {
    const tracker = new LabTracker();
    const text = `GET /announce?info_hash=${escaped(HASH)}&peer_id=${escaped(peerId(1))}&port=1 HTTP/1.1\r\n\r\n`;
    expect(tracker.http(text)!.value).toMatchObject({ complete: 0, incomplete: 1 });
  });

  it.each(['9007199254740993', '18446744073709551616', '36893488147419103232', '99999999999999999999999', '-1'])(
    '%s left is not zero',
    (left) => {
      const tracker = new LabTracker();
      expect(tracker.get({ left, uploaded: left, downloaded: left })).toMatchObject({ complete: 0, incomplete: 1 });
    },
  );
});

describe('11 numwant', () => {
  function swarm(): LabTracker {
    const tracker = new LabTracker();
    for (let i = 0; i < 300; i++) tracker.get({ port: '1001', peer_id: escaped(peerId(i)) }, PUBLIC(1_000 + i));
    return tracker;
  }

  it.each([
    [undefined, 50],
    ['-1', 50],
    ['x', 50],
    ['0', 0],
    ['7', 7],
    ['200', 200],
    ['100000', 200],
    ['99999999999999999999', 200],
  ])('%s gives %i peers', (numwant, expected) => {
    const tracker = swarm();
    const answer = tracker.get(
      { ...(numwant === undefined ? {} : { numwant }), peer_id: escaped(peerId(999)) },
      PUBLIC(9),
    );
    expect((answer.peers as Uint8Array).length).toBe(expected * 6);
  });
});

describe('12 stopped and port 0', () => {
  it('stopped gets no peers, with port 0 too, and leaves', () => {
    const tracker = new LabTracker();
    tracker.get({}, PUBLIC(1));
    tracker.get({ peer_id: escaped(peerId(2)) }, PUBLIC(2));
    const answer = tracker.get({ event: 'stopped', peer_id: escaped(peerId(2)) }, PUBLIC(2));
    expect(answer).toMatchObject({ incomplete: 1, peers: new Uint8Array(0) });
    expect(tracker.get({ event: 'stopped', port: '0' }, PUBLIC(3))).toMatchObject({ peers: new Uint8Array(0) });
  });

  it('port 0 and no port are refused otherwise', () => {
    const tracker = new LabTracker();
    expect(tracker.failure({ port: '0' })).toBe('port must be 1 to 65535');
    expect(tracker.failure({ port: '' })).toBe('port must be 1 to 65535');
    expect(tracker.failure({ port: '70000' })).toBe('port must be 1 to 65535');
    expect(tracker.store.stats.peers).toBe(0);
  });
});

describe('13 ip=', () => {
  it('is ignored from anywhere', () => {
    const tracker = new LabTracker();
    expect(tracker.get({ ip: '193.0.9.9' })['external ip']).toEqual(new Uint8Array([193, 0, 0, 1]));
  });

  it('is taken from a trusted network, either family, and never resolved', () => {
    const tracker = new LabTracker({ settings: { trusted: networks('193.0.0.0/24') } });
    expect(tracker.get({ ip: '198.18.0.9' })['external ip']).toEqual(new Uint8Array([198, 18, 0, 9]));
    expect(tracker.get({ ip: '2a00%3a%3A7' })['external ip']).toHaveLength(16);
    for (const ip of ['localhost', 'tracker.example', '1.2.3', '', 'a'.repeat(200)]) {
      expect(tracker.get({ ip })['external ip']).toEqual(new Uint8Array([193, 0, 0, 1]));
    }
  });
});

describe('14 X-Forwarded-For', () => {
  const get = (tracker: LabTracker, from: string, header: string) =>
    tracker.http(`GET /announce?${tracker.query()} HTTP/1.1\r\nX-Forwarded-For: ${header}\r\n\r\n`, from)!.value;

  it('counts from a configured proxy, its rightmost untrusted hop', () => {
    const tracker = new LabTracker({ proxies: ['10.0.0.0/8'] });
    const answer = get(tracker, '10.0.0.1', '1.1.1.1, 193.0.0.8, 10.0.0.2');
    expect(answer['external ip']).toEqual(new Uint8Array([193, 0, 0, 8]));
  });

  it('counts nothing from others', () => {
    const tracker = new LabTracker({ proxies: ['10.0.0.0/8'] });
    expect(get(tracker, '193.0.0.3', '1.1.1.1')['external ip']).toEqual(new Uint8Array([193, 0, 0, 3]));
    expect(get(new LabTracker(), '10.0.0.1', '1.1.1.1')['external ip']).toEqual(new Uint8Array([10, 0, 0, 1]));
  });

  it('is counted where a proxy does not send it, or names only proxies', () => {
    const tracker = new LabTracker({ proxies: ['127.9.0.0/24'] });
    const ask = (header: string, from = '127.9.0.1') =>
      tracker.http(`GET /announce?${tracker.query()} HTTP/1.1\r\n${header}\r\n`, from)!.status;
    expect(ask('X-Forwarded-For: 193.0.0.7\r\n')).toBe(200);
    expect(ask('', '193.0.0.8')).toBe(200);
    expect(tracker.counters.unnamedBehindProxy).toBe(0);
    for (const header of ['', 'X-Forwarded-For: \r\n', 'X-Forwarded-For: ,\r\n', 'X-Forwarded-For: 127.9.0.2\r\n']) {
      expect(ask(header)).toBe(200);
    }
    expect(tracker.counters.unnamedBehindProxy).toBe(4);
  });

  it('is told where it cannot be read', () => {
    const tracker = new LabTracker({ proxies: ['10.0.0.0/8'] });
    expect(latin1(get(tracker, '10.0.0.1', 'unknown')['failure reason'])).toMatch(/forwarded address/);
    expect(tracker.store.stats.peers).toBe(0);
  });
});

describe('15 bencoding and scrape', () => {
  it('sorts keys: what is decoded and encoded again is the same', () => {
    const tracker = new LabTracker();
    tracker.get({}, PUBLIC(5));
    const dictionary = tracker.query({ compact: '0', peer_id: escaped(peerId(2)) });
    for (const path of [
      `/announce?${tracker.query()}`,
      `/announce?${dictionary}`,
      '/announce',
      `/scrape?info_hash=${escaped(OTHER_HASH)}&info_hash=${escaped(HASH)}`,
    ]) {
      const { body } = tracker.http(`GET ${path} HTTP/1.1\r\n\r\n`)!;
      const again = bencode.encode(bencode.decode(body));
      if (path.startsWith('/announce')) expect(Buffer.from(again).equals(body)).toBe(true);
      else expect(body.indexOf(HASH)).toBeLessThan(body.indexOf(OTHER_HASH));
    }
  });

  it('keys files by the raw 20 bytes and gives zeroes for an unknown one', () => {
    const tracker = new LabTracker();
    tracker.get({ left: '0' }, PUBLIC(1));
    tracker.get({ left: '9', peer_id: escaped(peerId(2)) }, PUBLIC(2));
    tracker.get({ left: '0', event: 'completed', peer_id: escaped(peerId(2)) }, PUBLIC(2));
    const { body } = tracker.http(
      `GET /scrape?info_hash=${escaped(HASH)}&info_hash=${escaped(OTHER_HASH)}&info_hash=${escaped(HASH)} HTTP/1.1\r\n\r\n`,
    )!;
    const file = (hash: Uint8Array, numbers: string): Buffer =>
      Buffer.concat([Buffer.from('20:'), hash, Buffer.from(numbers)]);
    expect(body.toString('latin1')).toBe(
      Buffer.concat([
        Buffer.from('d5:filesd'),
        file(HASH, 'd8:completei2e10:downloadedi1e10:incompletei0ee'),
        file(OTHER_HASH, 'd8:completei0e10:downloadedi0e10:incompletei0ee'),
        Buffer.from('ee'),
      ]).toString('latin1'),
    );
  });

  it('refuses a full scrape, unless it is allowed', () => {
    const closed = new LabTracker();
    expect(latin1(closed.http('GET /scrape HTTP/1.1\r\n\r\n')!.value['failure reason'])).toBe(
      'a full scrape is not allowed here',
    );
    const open = new LabTracker({ fullScrape: true });
    open.get();
    open.get({ info_hash: escaped(OTHER_HASH) });
    const { body } = open.http('GET /scrape HTTP/1.1\r\n\r\n')!;
    expect(body.indexOf(HASH)).toBeGreaterThan(0);
    expect(body.indexOf(HASH)).toBeLessThan(body.indexOf(OTHER_HASH));
  });
});

describe('16 interval', () => {
  it('has a jitter of a tenth either way, and a minimum beside it', () => {
    const tracker = new LabTracker();
    const intervals = Array.from({ length: 400 }, () => tracker.get().interval as number);
    expect(Math.min(...intervals)).toBeGreaterThanOrEqual(1_620);
    expect(Math.max(...intervals)).toBeLessThanOrEqual(1_980);
    expect(Math.min(...intervals)).toBeLessThan(1_680);
    expect(Math.max(...intervals)).toBeGreaterThan(1_920);
    expect(tracker.get()['min interval']).toBe(60);
  });

  it('an early repeat gets peers but does not count as activity', () => {
    const tracker = new LabTracker();
    tracker.get({}, PUBLIC(2));
    tracker.get({ peer_id: escaped(peerId(2)) }, PUBLIC(1));
    tracker.pass(30);
    const repeat = tracker.get({ peer_id: escaped(peerId(2)) }, PUBLIC(1));
    expect((repeat.peers as Uint8Array).length).toBe(6);
    expect(tracker.counters.earlyRepeats).toBe(1);
    // It still is as old as its first announce: half an interval over the time, it is gone.
    tracker.pass(2_680);
    for (let i = 0; i < 20; i++) tracker.store.sweeps.expire(tracker.announcer.nowSeconds, 10_000);
    expect(tracker.store.stats.peers).toBe(0);
  });
});

describe('17 the form of an answer', () => {
  it('is text/plain and never compressed', () => {
    const tracker = new LabTracker();
    const answer = tracker.http(`GET /announce?${tracker.query()} HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n`)!;
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(answer.headers).not.toHaveProperty('content-encoding');
    expect(answer.body.toString('latin1')).toMatch(/^d8:complete/);
  });
});
