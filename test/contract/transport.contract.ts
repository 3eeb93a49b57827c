/** What every transport does, whatever carries it: one suite, run by each driver's own test file. */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/domain/errors.js';
import { formatIp } from '../../src/domain/ip-address.js';
import { readCertificate } from '../../src/transport/portable/certificate.js';
import type {
  BoundAddress,
  DatagramHandler,
  DatagramListener,
  HttpRequestHandler,
  ListenAddress,
  ProxyTrust,
  RemoteAddress,
  TlsMaterial,
  Transport,
  TransportLimits,
} from '../../src/transport/transport.js';
import { eventually, gap } from '../support/eventually.js';
import { Client, GENEROUS, type TransportUnderTest, textOf } from '../support/transport-clients.js';
import { LabTracker } from '../unit/tracker/lab-tracker.js';

const REQUEST_HEADS: { readonly malformed: readonly { readonly name: string; readonly head: string }[] } = JSON.parse(
  readFileSync(new URL('../vectors/http-request-heads.json', import.meta.url), 'utf8'),
);
const MAX_ANSWER_BYTES = 1_500;
const TLS_VECTORS = new URL('../vectors/tls/', import.meta.url);

/** Answers with who asked and what; `where` is answered with the address that was asked, `silent` gets nothing, `long` gets 1,400 bytes, `later …` is answered by `answerLate`. */
class EchoDatagrams implements DatagramHandler {
  listener: DatagramListener | undefined;
  readonly #late: (() => void)[] = [];

  /** In the order in which they were asked. */
  answerLate(): void {
    for (const answer of this.#late.splice(0)) answer();
  }

  get waiting(): number {
    return this.#late.length;
  }

  onDatagram(
    input: Uint8Array,
    start: number,
    length: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number {
    const asked = Buffer.from(input.subarray(start, start + length)).toString('latin1');
    if (asked === 'silent') return 0;
    if (asked.startsWith('later')) {
      const later = this.listener!.answerLater();
      const text = `${textOf(remote)} ${asked}`;
      this.#late.push(() => later.send(Buffer.from(text, 'latin1')));
      return 0;
    }
    if (asked === 'where') {
      const here = this.listener!.localAddress();
      const where = Buffer.from(here === undefined ? 'unknown' : formatIp(here), 'latin1');
      output.set(where, outputStart);
      return where.length;
    }
    const text = asked === 'long' ? 'x'.repeat(1_400) : `${textOf(remote)} ${asked}`;
    const answer = Buffer.from(text.slice(0, MAX_ANSWER_BYTES), 'latin1');
    output.set(answer, outputStart);
    return answer.length;
  }
}

/** A request is a line; the answer is who asked and the line. `bye` closes, `big` is answered with 60,000 bytes. */
class EchoLines implements HttpRequestHandler {
  consumed = 0;
  close = false;
  calls = 0;
  onHttpBytes(
    input: Uint8Array,
    start: number,
    length: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number {
    this.calls++;
    const bytes = Buffer.from(input.buffer, input.byteOffset + start, length);
    const end = bytes.indexOf('\n');
    if (end < 0) return 0;
    const line = bytes.toString('latin1', 0, end);
    this.consumed = end + 1;
    this.close = line === 'bye';
    const answer = Buffer.from(`${line === 'big' ? 'b'.repeat(60_000) : `${textOf(remote)} ${line}`}\n`, 'latin1');
    output.set(answer, outputStart);
    return answer.length;
  }
}

export function describeTransport(subject: TransportUnderTest): void {
  describe(`transport ${subject.name}`, () => {
    const cleanups: (() => unknown)[] = [];
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });

    async function open(): Promise<Transport> {
      const transport = await subject.create();
      cleanups.push(() => transport.stop());
      return transport;
    }

    function run(transport: Transport, betweenBatches: () => void = () => {}, tickMs = 20): Promise<void> {
      const running = transport.run(betweenBatches, tickMs);
      cleanups.push(async () => {
        transport.stop();
        await running;
      });
      return running;
    }

    async function udp(address: Partial<ListenAddress> = {}): Promise<{ transport: Transport; bound: BoundAddress }> {
      const transport = await open();
      const listener = await transport.listenUdp(
        { protocol: 'udp', host: '127.0.0.1', port: 0, ...address },
        new EchoDatagrams(),
      );
      run(transport);
      return { transport, bound: listener.address };
    }

    async function http(
      options: { limits?: Partial<TransportLimits>; host?: string; tls?: TlsMaterial; proxies?: ProxyTrust } = {},
    ) {
      const handler = new EchoLines();
      return { ...(await httpTo(handler, options)), handler };
    }

    async function httpTo(
      handler: HttpRequestHandler,
      options: { limits?: Partial<TransportLimits>; host?: string; tls?: TlsMaterial; proxies?: ProxyTrust } = {},
    ) {
      const transport = await open();
      const listener = await transport.listenHttp(
        { protocol: options.tls ? 'https' : 'http', host: options.host ?? '127.0.0.1', port: 0 },
        handler,
        { ...GENEROUS, ...options.limits },
        options.tls,
        options.proxies,
      );
      run(transport);
      return { transport, listener, bound: listener.address };
    }

    function client(address: BoundAddress, host?: string): Client {
      const it = Client.to(address, host);
      cleanups.push(() => it.socket.destroy());
      return it;
    }

    /** Sends each text from a socket of its own family and gathers the answers until `count` came. */
    async function exchange(port: number, texts: string[], host = '127.0.0.1', count = texts.length) {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      cleanups.push(() => socket.close());
      const answers: { text: string; from: string }[] = [];
      socket.on('message', (message, from) => answers.push({ text: message.toString('latin1'), from: from.address }));
      for (const text of texts) {
        await new Promise<void>((resolve) => socket.send(Buffer.from(text, 'latin1'), port, host, () => resolve()));
      }
      await eventually(`${count} answers`, () => answers.length >= count);
      return { answers, port: socket.address().port };
    }

    describe('datagrams', () => {
      it('answers, and tells the handler who asked', async () => {
        const { bound } = await udp();
        const { answers, port } = await exchange(bound.port, ['hello']);
        expect(answers).toEqual([{ text: `127.0.0.1 ${port} hello`, from: '127.0.0.1' }]);
      });

      it('answers over IPv6', async () => {
        const { bound } = await udp({ host: '::1' });
        const { answers, port } = await exchange(bound.port, ['hello'], '::1');
        expect(answers.map(({ text }) => text)).toEqual([`::1 ${port} hello`]);
      });

      it('takes both families on ::, and delivers an IPv4-mapped address as IPv4', async () => {
        const { bound } = await udp({ host: '::' });
        const four = await exchange(bound.port, ['hello'], '127.0.0.1');
        const six = await exchange(bound.port, ['hello'], '::1');
        expect(four.answers.map(({ text }) => text)).toEqual([`127.0.0.1 ${four.port} hello`]);
        expect(six.answers.map(({ text }) => text)).toEqual([`::1 ${six.port} hello`]);
      });

      it.each([
        ['0.0.0.0', '::'],
        ['::', '0.0.0.0'],
      ])('shares a port between %s and then %s', async (...hosts) => {
        const transport = await open();
        let port = 0;
        for (const host of hosts) {
          const address = { protocol: 'udp' as const, host, port, ipv6Only: host === '::' };
          port = (await transport.listenUdp(address, new EchoDatagrams())).address.port;
        }
        run(transport);
        expect((await exchange(port, ['a'], '127.0.0.1')).answers).toHaveLength(1);
        expect((await exchange(port, ['b'], '::1')).answers).toHaveLength(1);
      });

      it('sends nothing where the handler has no answer, and goes on', async () => {
        const { bound } = await udp();
        const { answers } = await exchange(bound.port, ['silent', '', 'then'], '127.0.0.1', 2);
        expect(answers.map(({ text }) => text.split(' ')[2])).toEqual(['', 'then']);
      });

      it('answers each of a burst once', async () => {
        const { bound, transport } = await udp();
        const texts = Array.from({ length: 300 }, (_, i) => `n${i}`);
        const { answers } = await exchange(bound.port, texts);
        expect(answers.map(({ text }) => text.split(' ')[2]).sort()).toEqual([...texts].sort());
        expect(transport.counters.datagramsReceived).toBe(300);
        expect(transport.counters.datagramsSent).toBe(300);
      });

      it('carries answers and requests of 1,400 bytes whole', async () => {
        const { bound } = await udp();
        const { answers } = await exchange(bound.port, ['long', 'y'.repeat(1_400)]);
        expect(answers[0]!.text).toBe('x'.repeat(1_400));
        expect(answers[1]!.text.endsWith('y'.repeat(1_400))).toBe(true);
      });

      it('survives a datagram of 60,000 bytes', async () => {
        const { bound } = await udp();
        const { answers } = await exchange(bound.port, ['silent', 'z'.repeat(60_000), 'after'], '127.0.0.1', 1);
        expect(answers.some(({ text }) => text.endsWith(' after'))).toBe(true);
      });

      // Node's datagram sockets cannot choose the address they answer from: the portable driver does not promise it.
      it.each(subject.answersFromAskedAddress ? ['0.0.0.0', '::'] : [])(
        'answers from the address that was asked, bound to %s',
        async (host) => {
          const { bound } = await udp({ host });
          for (const asked of ['127.0.0.9', '127.200.3.4', '127.0.0.1']) {
            // The silent one leaves a gap in the batch between datagrams and answers.
            const { answers, port } = await exchange(bound.port, ['silent', 'a', 'silent', 'b'], asked, 2);
            expect(answers.map(({ from }) => from)).toEqual([asked, asked]);
            expect(answers.map(({ text }) => text)).toEqual([`127.0.0.1 ${port} a`, `127.0.0.1 ${port} b`]);
          }
        },
      );

      it.each(['0.0.0.0', '::', '127.0.0.9'])(
        'knows which address was asked, bound to %s, or says that it does not',
        async (host) => {
          const transport = await open();
          const echo = new EchoDatagrams();
          echo.listener = await transport.listenUdp({ protocol: 'udp', host, port: 0 }, echo);
          run(transport);
          const { port } = echo.listener.address;
          const isKnown = subject.answersFromAskedAddress || host === '127.0.0.9';
          for (const asked of host === '127.0.0.9' ? [host] : ['127.200.3.4', '127.0.0.9']) {
            const { answers } = await exchange(port, ['silent', 'where'], asked, 1);
            expect(answers.map(({ text }) => text)).toEqual([isKnown ? asked : 'unknown']);
          }
        },
      );

      it.each(subject.answersFromAskedAddress ? ['127.0.0.1', '127.0.0.9'] : ['127.0.0.1'])(
        'answers later, to who asked and from %s, which was asked',
        async (asked) => {
          const transport = await open();
          const echo = new EchoDatagrams();
          echo.listener = await transport.listenUdp({ protocol: 'udp', host: '0.0.0.0', port: 0 }, echo);
          run(transport);
          const { port } = echo.listener.address;
          const first = exchange(port, ['later a', 'now', 'later b'], asked, 3);
          const second = exchange(port, ['later c'], asked, 1);
          await eventually('three questions', () => echo.waiting === 3);
          echo.answerLate();
          expect((await second).answers).toEqual([{ text: `127.0.0.1 ${(await second).port} later c`, from: asked }]);
          const { answers } = await first;
          expect(answers.map(({ text }) => text.split(' ').slice(2).join(' '))).toEqual(['now', 'later a', 'later b']);
          // Once it is closed, an answer is lost and nothing else happens.
          const third = exchange(port, ['later d', 'now'], asked, 1);
          await third;
          echo.listener.close();
          echo.answerLate();
        },
      );

      it.each(['127.0.0.1', '::1'])('asks one address, and takes its answers alone: %s', async (host) => {
        const { transport, bound } = await udp({ host });
        const heard: string[] = [];
        const failed: Error[] = [];
        const connection = transport.connectUdp(host, bound.port, {
          onDatagram: (datagram) => heard.push(Buffer.from(datagram).toString('latin1').split(' ').slice(2).join(' ')),
          onError: (error) => failed.push(error),
        });
        for (const text of ['one', 'silent', 'two']) connection.send(Buffer.from(text));
        await eventually('two answers', () => heard.length === 2);
        expect(heard).toEqual(['one', 'two']);
        connection.close();
        connection.close();
        connection.send(Buffer.from('three'));
        expect(failed).toEqual([]);
        // Nobody listens on the port of a socket that was closed.
        const nobody = createSocket(host.includes(':') ? 'udp6' : 'udp4').bind(0, host);
        await new Promise((resolve) => nobody.once('listening', resolve));
        const { port } = nobody.address();
        await new Promise<void>((resolve) => nobody.close(() => resolve()));
        transport
          .connectUdp(host, port, { onDatagram: () => heard.push('?'), onError: (error) => failed.push(error) })
          .send(Buffer.from('four'));
        await eventually('the error', () => failed.length === 1);
        expect(failed[0]!.message).toContain('ECONNREFUSED');
        expect(heard).toHaveLength(2);
      });

      it('tells many askers apart in one batch', async () => {
        const { bound } = await udp({ host: '::' });
        const all = await Promise.all(
          Array.from({ length: 40 }, (_, i) =>
            exchange(bound.port, ['silent', `n${i}`], i % 2 ? '::1' : '127.0.0.1', 1),
          ),
        );
        for (const [i, { answers, port }] of all.entries()) {
          expect(answers.map(({ text }) => text)).toEqual([`${i % 2 ? '::1' : '127.0.0.1'} ${port} n${i}`]);
        }
      });

      it('opens its port again once it has stopped', async () => {
        const first = await open();
        const { address } = await first.listenUdp({ protocol: 'udp', host: '127.0.0.1', port: 0 }, new EchoDatagrams());
        const running = run(first);
        first.stop();
        await running;
        const { bound } = await udp({ port: address.port });
        expect((await exchange(bound.port, ['again'])).answers).toHaveLength(1);
      });

      it('says which address is taken', async () => {
        const { bound, transport } = await udp();
        const again = transport.listenUdp(bound, new EchoDatagrams());
        await expect(again).rejects.toThrow(OperatorError);
        await expect(again).rejects.toThrow(`udp://127.0.0.1:${bound.port}`);
      });

      it('says which address this machine does not have', async () => {
        const transport = await open();
        const listening = transport.listenUdp({ protocol: 'udp', host: '192.0.2.1', port: 0 }, new EchoDatagrams());
        await expect(listening).rejects.toThrow('no such address');
      });
    });

    describe('connections', () => {
      it('answers requests one after the other on one connection', async () => {
        const { bound } = await http();
        const peer = client(bound).send('one\n');
        expect(await peer.lines(1)).toEqual([expect.stringMatching(/^127\.0\.0\.1 \d+ one$/)]);
        peer.send('two\n');
        expect((await peer.lines(2))[1]).toMatch(/ two$/);
        expect(peer.closed).toBe(false);
      });

      it('answers over IPv6, and a mapped IPv4 client as IPv4', async () => {
        const { bound } = await http({ host: '::' });
        expect((await client(bound, '::1').send('six\n').lines(1))[0]).toMatch(/^::1 \d+ six$/);
        expect((await client(bound, '127.0.0.1').send('four\n').lines(1))[0]).toMatch(/^127\.0\.0\.1 \d+ four$/);
      });

      it.each([
        ['0.0.0.0', '::'],
        ['::', '0.0.0.0'],
      ])('shares a port between %s and then %s', async (...hosts) => {
        const transport = await open();
        const address: BoundAddress = { protocol: 'http', host: '', port: 0 };
        for (const host of hosts) {
          const wanted = { ...address, host, ipv6Only: host === '::' };
          Object.assign(address, (await transport.listenHttp(wanted, new EchoLines(), GENEROUS)).address);
        }
        run(transport);
        expect((await client(address, '::1').send('six\n').lines(1))[0]).toMatch(/^::1 \d+ six$/);
        expect((await client(address, '127.0.0.1').send('four\n').lines(1))[0]).toMatch(/^127\.0\.0\.1 \d+ four$/);
      });

      it('answers pipelined requests in order', async () => {
        const { bound } = await http();
        const names = Array.from({ length: 500 }, (_, i) => `r${i}`);
        const peer = client(bound).send(`${names.join('\n')}\n`);
        expect((await peer.lines(500)).map((line) => line.split(' ')[2])).toEqual(names);
      });

      it('puts a request together that comes byte by byte', async () => {
        const { bound } = await http();
        const peer = client(bound);
        peer.socket.setNoDelay(true);
        for (const letter of 'slow\nnext') {
          peer.send(letter);
          await gap(5);
        }
        expect((await peer.lines(1))[0]).toMatch(/ slow$/);
        peer.send('\n');
        expect((await peer.lines(2))[1]).toMatch(/ next$/);
      });

      it('sends the answer before it closes', async () => {
        const { bound } = await http();
        const peer = client(bound).send('bye\nnever\n');
        await peer.until(() => peer.closed);
        expect(peer.received).toMatch(/^127\.0\.0\.1 \d+ bye\n$/);
      });

      it('answers a client that has finished sending', async () => {
        const { bound } = await http();
        const peer = client(bound);
        peer.socket.end('last\n');
        await peer.until(() => peer.closed);
        expect(peer.received).toMatch(/ last\n$/);
      });

      it('cuts off a request that dribbles in', async () => {
        const { bound, transport } = await http({ limits: { requestTimeoutMs: 300 } });
        const peer = client(bound);
        const dribble = setInterval(() => !peer.closed && peer.send('x'), 40);
        cleanups.push(() => clearInterval(dribble));
        await peer.until(() => peer.closed);
        expect(peer.received).toBe('');
        expect(transport.counters.connectionsTimedOut).toBe(1);
      });

      it('closes connections that are idle, at their start and between requests', async () => {
        const { bound } = await http({ limits: { requestTimeoutMs: 300, keepAliveTimeoutMs: 300 } });
        const mute = client(bound);
        const served = client(bound).send('one\n');
        await mute.until(() => mute.closed);
        await served.until(() => served.closed);
        expect(served.received).toMatch(/ one\n$/);
      });

      it('has no more connections than it may, and takes others again once they have left', async () => {
        const { bound, transport } = await http({ limits: { maxConnections: 2 } });
        const peers = ['a', 'b', 'c'].map((name) => client(bound).send(`${name}\n`));
        // Which of them has to go, the newest or the one that is idle, is the driver's choice.
        await peers[0]!.until(() => peers.some(({ closed }) => closed));
        expect(peers.filter(({ closed }) => closed)).toHaveLength(1);
        expect(transport.counters.connectionsOpen).toBe(2);
        for (const { socket } of peers) socket.destroy();
        await peers[0]!.until(() => transport.counters.connectionsOpen === 0);
        expect((await client(bound).send('d\n').lines(1))[0]).toMatch(/ d$/);
      });

      it('answers a pipeline whose answers are larger than any buffer, to a client that has finished sending', async () => {
        const { bound } = await http();
        const peer = client(bound);
        peer.socket.end(`${'big\n'.repeat(40)}last\n`);
        await peer.until(() => peer.closed);
        expect(peer.bytes).toBe(40 * 60_001 + peer.received.slice(40 * 60_001).length);
        expect(peer.received).toMatch(/b\n127\.0\.0\.1 \d+ last\n$/);
      });

      it('closes a client that never takes its answer', async () => {
        const { bound, transport } = await http({ limits: { requestTimeoutMs: 300 } });
        const peer = client(bound);
        peer.socket.pause();
        peer.send('big\n'.repeat(400));
        await peer.until(() => transport.counters.connectionsTimedOut === 1);
        // A socket's close is told after it was ended.
        await peer.until(() => transport.counters.connectionsOpen === 0);
      });

      it('serves others while slow clients hold their connections', async () => {
        const { bound } = await http();
        for (let i = 0; i < 30; i++) client(bound).send('half a requ');
        const stuffed = Array.from({ length: 3 }, () => client(bound));
        for (const peer of stuffed) {
          peer.socket.pause();
          peer.send('big\n'.repeat(300));
        }
        for (let i = 0; i < 20; i++) {
          expect((await client(bound).send(`n${i}\n`).lines(1))[0]).toMatch(new RegExp(` n${i}$`));
        }
      });

      it('opens its port again at once, whatever state its connections were in', async () => {
        const { bound, transport } = await http();
        const peer = client(bound).send('one\n');
        await peer.lines(1);
        transport.stop();
        await peer.until(() => peer.closed);
        const second = await open();
        await second.listenHttp(bound, new EchoLines(), GENEROUS);
        run(second);
        expect((await client(bound).send('two\n').lines(1))[0]).toMatch(/ two$/);
      });

      it('stops reading from a client that does not read, and keeps order when it does again', async () => {
        const { bound, handler } = await http();
        const peer = client(bound);
        peer.socket.pause();
        peer.send('big\n'.repeat(250));
        // The loop has turned often enough by then to read all that it is going to read.
        for (let turns = 0; turns < 50; turns++) await client(bound).send('turn\n').lines(1);
        expect(handler.calls - 50).toBeLessThan(250);
        peer.send('bye\n');
        peer.socket.resume();
        await peer.until(() => peer.closed);
        expect(peer.bytes).toBeGreaterThan(250 * 60_001);
        expect(peer.received.startsWith(`${'b'.repeat(60_000)}\nb`)).toBe(true);
        expect(peer.received).toMatch(/b\n127\.0\.0\.1 \d+ bye\n$/);
      });

      it('survives clients that reset', async () => {
        const { bound } = await http();
        for (let i = 0; i < 20; i++) {
          const peer = client(bound).send('big\nbig\nhalf');
          await gap(5);
          peer.socket.resetAndDestroy();
        }
        expect((await client(bound).send('still\n').lines(1))[0]).toMatch(/ still$/);
      });
    });

    describe('requests that a proxy may read otherwise', () => {
      const second = `GET /announce?info_hash=${'%ab'.repeat(20)} HTTP/1.1\r\n\r\n`;

      it('are refused and end the connection, so that nothing in them becomes a request of its own', async () => {
        const { bound } = await httpTo(new LabTracker().httpHandler);
        for (const { name, head } of REQUEST_HEADS.malformed) {
          const peer = client(bound).send(head + second);
          await peer.until(() => peer.closed);
          const statuses = peer.received.match(/HTTP\/1\.1 \d+/g);
          expect({ name, statuses }).toEqual({ name, statuses: ['HTTP/1.1 400'] });
        }
      });

      it('end the connection where they have a body, which is not read', async () => {
        const { bound } = await httpTo(new LabTracker().httpHandler);
        for (const framing of [`Content-Length: ${second.length}`, 'Transfer-Encoding: chunked']) {
          const peer = client(bound).send(`GET /announce HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n${second}`);
          await peer.until(() => peer.closed);
          expect(peer.received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
          expect(peer.received).toContain('Connection: close');
        }
      });
    });

    describe('PROXY protocol', () => {
      const fromLoopback: ProxyTrust = (remote) => remote.family === 4 && remote.word0 >>> 24 === 127;
      const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

      it('takes the client from a version 1 header', async () => {
        const { bound } = await http({ proxies: fromLoopback });
        const peer = client(bound).send('PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\none\n');
        expect((await peer.lines(1))[0]).toBe('203.0.113.7 4711 one');
        peer.send('two\n');
        expect((await peer.lines(2))[1]).toBe('203.0.113.7 4711 two');
      });

      it('takes the client from a version 2 header, IPv4, IPv6 and mapped', async () => {
        const { bound } = await http({ proxies: fromLoopback });
        const four = Buffer.concat([signature, Buffer.from('2111000ccb007107c000020112670050', 'hex')]);
        expect(await client(bound).send(four).send('a\n').lines(1)).toEqual(['203.0.113.7 4711 a']);
        const six = `2121002420010db8${'00'.repeat(11)}07${'00'.repeat(16)}12670050`;
        expect(
          await client(bound)
            .send(Buffer.concat([signature, Buffer.from(six, 'hex')]))
            .send('b\n')
            .lines(1),
        ).toEqual(['2001:db8::7 4711 b']);
        const mapped = `21210024${'00'.repeat(10)}ffffcb007107${'00'.repeat(16)}12670050`;
        expect(
          await client(bound)
            .send(Buffer.concat([signature, Buffer.from(mapped, 'hex')]))
            .send('c\n')
            .lines(1),
        ).toEqual(['203.0.113.7 4711 c']);
      });

      it('keeps the address of the proxy itself for health checks', async () => {
        const { bound } = await http({ proxies: fromLoopback });
        expect((await client(bound).send('PROXY UNKNOWN\r\na\n').lines(1))[0]).toMatch(/^127\.0\.0\.1 /);
        const local = Buffer.concat([signature, Buffer.from('20000000', 'hex')]);
        expect((await client(bound).send(local).send('b\n').lines(1))[0]).toMatch(/^127\.0\.0\.1 /);
      });

      it('takes a header in pieces', async () => {
        const { bound } = await http({ proxies: fromLoopback });
        const peer = client(bound);
        peer.socket.setNoDelay(true);
        for (const piece of ['PRO', 'XY TCP4 203.0.113.7 192.0.2.1 47', '11 80\r', '\non', 'e\n']) {
          peer.send(piece);
          await gap(10);
        }
        expect(await peer.lines(1)).toEqual(['203.0.113.7 4711 one']);
      });

      it.each([
        ['no header', 'GET / HTTP/1.1\r\n\r\n\n'],
        ['a broken one', 'PROXY TCP4 nonsense\r\n\n'],
        ['an endless one', `PROXY TCP4 ${'1'.repeat(3_000)}`],
        ['a name in it', 'PROXY TCP4 localhost 192.0.2.1 1 2\r\n\n'],
      ])('closes a connection with %s', async (_name, bytes) => {
        const { bound } = await http({ proxies: fromLoopback });
        const peer = client(bound).send(bytes);
        await peer.until(() => peer.closed);
        expect(peer.received).toBe('');
      });

      it('closes a connection that ends before its header does', async () => {
        const { bound, transport } = await http({ proxies: fromLoopback });
        const peer = client(bound);
        peer.socket.end('PROXY TCP4');
        await peer.until(() => peer.closed);
        await eventually('the end of the connection', () => transport.counters.connectionsOpen === 0);
        expect(transport.counters.connectionsTimedOut).toBe(0);
      });

      it('closes a connection from elsewhere', async () => {
        const { bound } = await http({ proxies: () => false });
        const peer = client(bound).send('PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\none\n');
        await peer.until(() => peer.closed);
        expect(peer.received).toBe('');
      });
    });

    describe('TLS', () => {
      async function material(): Promise<TlsMaterial & { use(name: 'one' | 'two'): Promise<void> }> {
        const directory = await mkdtemp(join(tmpdir(), 'transport-tls-'));
        cleanups.push(() => rm(directory, { recursive: true }));
        const certificateFile = join(directory, 'cert.pem');
        const keyFile = join(directory, 'key.pem');
        const use = async (name: 'one' | 'two'): Promise<void> => {
          await copyFile(new URL(`${name}.cert.pem`, TLS_VECTORS), certificateFile);
          await copyFile(new URL(`${name}.key.pem`, TLS_VECTORS), keyFile);
        };
        await use('one');
        return { certificateFile, keyFile, use };
      }

      async function ask(address: BoundAddress): Promise<{ answer: string; name: string }> {
        const socket = connectTls({ host: '127.0.0.1', port: address.port, rejectUnauthorized: false });
        const peer = new Client(socket);
        cleanups.push(() => socket.destroy());
        const [answer] = await peer.send('hello\n').lines(1);
        return { answer: answer!, name: String(socket.getPeerCertificate().subject.CN) };
      }

      it('answers, and uses a new certificate once told, without a new listener', async () => {
        const tls = await material();
        const { bound, listener } = await http({ tls });
        expect(await ask(bound)).toEqual({ answer: expect.stringMatching(/^127.* hello$/), name: 'tracker-one.test' });
        await tls.use('two');
        listener.useCertificate?.(await readCertificate(tls));
        expect((await ask(bound)).name).toBe('tracker-two.test');
      });

      it('uses a certificate of other files', async () => {
        const one = await material();
        const { bound, listener } = await http({ tls: one });
        const other = await material();
        await other.use('two');
        listener.useCertificate?.(await readCertificate(other));
        expect((await ask(bound)).name).toBe('tracker-two.test');
      });

      it('says of a certificate that does not fit its key that it cannot be used', async () => {
        const tls = await material();
        await copyFile(new URL('two.cert.pem', TLS_VECTORS), tls.certificateFile);
        await expect(readCertificate(tls)).rejects.toThrow(OperatorError);
      });

      it('tells which files cannot be used', async () => {
        const tls = { certificateFile: '/nonexistent/cert.pem', keyFile: '/nonexistent/key.pem' };
        await expect(http({ tls })).rejects.toThrow('/nonexistent/cert.pem');
      });
    });

    describe('the loop', () => {
      it('calls between batches while nothing happens', async () => {
        const transport = await open();
        await transport.listenUdp({ protocol: 'udp', host: '127.0.0.1', port: 0 }, new EchoDatagrams());
        let calls = 0;
        const running = run(transport, () => calls++, 10);
        await eventually('calls between batches', () => calls > 3);
        transport.stop();
        await running;
      });

      it('ends when it is told to between batches', async () => {
        const { bound } = await udp();
        expect(bound.port).toBeGreaterThan(0);
        const transport = await open();
        await run(transport, () => transport.stop(), 10);
      });
    });
  });
}
