/** Requests that a handler answers later: what every transport does with them. Run by each driver's own test file. */
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import {
  HTTP_LATER,
  type HttpListener,
  type HttpRequestHandler,
  type RemoteAddress,
  type TlsMaterial,
  type Transport,
} from '../../src/transport/transport.js';
import { eventually, gap } from '../support/eventually.js';
import { Client, GENEROUS, type TransportUnderTest, textOf } from '../support/transport-clients.js';

const TLS_VECTORS = new URL('../vectors/tls/', import.meta.url);

interface Passed {
  readonly ticket: number;
  readonly line: string;
  readonly remote: string;
}

/**
 * A request is a line and is answered with it. `later …` is passed on, `soon …` is answered while it is passed on, `big` is
 * answered with 60,000 bytes, `bye` closes.
 */
class PassingLines implements HttpRequestHandler {
  consumed = 0;
  close = false;
  listener: HttpListener | undefined;
  readonly passed: Passed[] = [];
  private line = '';
  private remote = '';
  private input: Uint8Array = new Uint8Array(0);
  private start = 0;

  onHttpBytes(
    input: Uint8Array,
    start: number,
    length: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number {
    const bytes = Buffer.from(input.buffer, input.byteOffset + start, length);
    const end = bytes.indexOf('\n');
    if (end < 0) return 0;
    const line = bytes.toString('latin1', 0, end);
    this.consumed = end + 1;
    this.close = line === 'bye';
    if (/^(later|soon) /.test(line)) {
      Object.assign(this, { line, remote: textOf(remote), input, start });
      return HTTP_LATER;
    }
    const answer = Buffer.from(`${line === 'big' ? 'b'.repeat(60_000) : line}\n`, 'latin1');
    output.set(answer, outputStart);
    return answer.length;
  }

  passOn(ticket: number): void {
    const { input, start, line, remote } = this;
    const inPlace = Buffer.from(input.subarray(start, start + line.length + 1)).toString('latin1');
    expect(inPlace).toBe(`${line}\n`);
    expect(ticket).toBeLessThan(2 ** 48);
    const passed = { ticket, line, remote };
    if (line.startsWith('soon ')) this.answer(passed);
    else this.passed.push(passed);
  }

  /** Answers the oldest request that waits. */
  answerNext(close = false): Passed {
    const passed = this.passed.shift()!;
    this.answer(passed, close);
    return passed;
  }

  answer({ ticket, line }: Passed, close = false): void {
    const answer = Buffer.from(`..${line}!\n..`, 'latin1');
    this.listener!.answer(ticket, answer, 2, answer.length - 4, close);
  }

  async waiting(count: number): Promise<void> {
    await eventually(`${count} requests that wait`, () => this.passed.length === count, {
      found: () => JSON.stringify(this.passed),
    });
  }
}

interface HttpOptions {
  readonly tls?: TlsMaterial;
  readonly proxy?: boolean;
  readonly maxConnections?: number;
  readonly betweenBatches?: (handler: PassingLines) => void;
}

export function describeLaterAnswers(subject: TransportUnderTest): void {
  describe(`requests that are answered later, transport ${subject.name}`, () => {
    const cleanups: (() => unknown)[] = [];
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });

    async function http(options: HttpOptions = {}) {
      const transport: Transport = await subject.create();
      cleanups.push(() => transport.stop());
      const handler = new PassingLines();
      const { tls, maxConnections = 100 } = options;
      handler.listener = await transport.listenHttp(
        { protocol: tls ? 'https' : 'http', host: '127.0.0.1', port: 0 },
        handler,
        { ...GENEROUS, maxConnections },
        tls,
        options.proxy ? () => true : undefined,
      );
      const running = transport.run(() => options.betweenBatches?.(handler), 20);
      cleanups.push(async () => {
        transport.stop();
        await running;
      });
      const { address } = handler.listener;
      const client = (): Client => {
        const it = Client.to(address);
        cleanups.push(() => it.socket.destroy());
        return it;
      };
      return { transport, handler, listener: handler.listener, address, client };
    }

    it('answers, and serves the connection on', async () => {
      const { handler, client } = await http();
      const peer = client().send('later one\n');
      await handler.waiting(1);
      expect(handler.answerNext().remote).toBe(`127.0.0.1 ${peer.socket.localPort}`);
      expect(await peer.lines(1)).toEqual(['later one!']);
      for (const name of ['two', 'three']) {
        peer.send(`later ${name}\n`);
        await handler.waiting(1);
        expect(handler.answerNext().remote).toBe(`127.0.0.1 ${peer.socket.localPort}`);
      }
      peer.send('now\n');
      expect(await peer.lines(4)).toEqual(['later one!', 'later two!', 'later three!', 'now']);
    });

    it('keeps the order of pipelined requests, of which some are answered later', async () => {
      const { handler, client } = await http();
      const lines = Array.from({ length: 200 }, (_, i) => `${['later', 'now', 'soon', 'now', 'later'][i % 5]} ${i}`);
      const peer = client().send(`${lines.join('\n')}\n`);
      for (let i = 0; i < 80; i++) {
        await handler.waiting(1);
        handler.answerNext();
      }
      const wanted = lines.map((line) => (line.startsWith('now') ? line : `${line}!`));
      expect(await peer.lines(200)).toEqual(wanted);
    });

    it('sends what is answered before a request that waits, and serves nothing after it', async () => {
      const { handler, client } = await http();
      const peer = client().send('a\nb\nlater c\nd\nlater e\n');
      expect(await peer.lines(2)).toEqual(['a', 'b']);
      await handler.waiting(1);
      peer.send('f\n');
      await client().send('turn\n').lines(1);
      expect(peer.received).toBe('a\nb\n');
      handler.answerNext();
      expect(await peer.lines(4)).toEqual(['a', 'b', 'later c!', 'd']);
      await handler.waiting(1);
      handler.answerNext();
      expect((await peer.lines(6)).slice(4)).toEqual(['later e!', 'f']);
    });

    it('takes a request that arrives in parts, and one whose rest arrives while it waits', async () => {
      const { handler, client } = await http();
      const peer = client();
      peer.socket.setNoDelay(true);
      for (const part of ['la', 'ter o', 'ne\nlat', 'er two', '\nth']) {
        peer.send(part);
        await gap(5);
      }
      await handler.waiting(1);
      handler.answerNext();
      await handler.waiting(1);
      peer.send('ree\n');
      await gap(5);
      handler.answerNext();
      expect(await peer.lines(3)).toEqual(['later one!', 'later two!', 'three']);
    });

    it('answers in any order of connections', async () => {
      const { handler, client } = await http();
      const peers = Array.from({ length: 20 }, (_, i) => client().send(`later ${i}\n`));
      await handler.waiting(20);
      for (const passed of handler.passed.splice(0).reverse()) handler.answer(passed);
      for (const [i, peer] of peers.entries()) expect(await peer.lines(1)).toEqual([`later ${i}!`]);
    });

    it('closes after an answer that says so, and serves nothing that follows', async () => {
      const { handler, transport, client } = await http();
      const one = client().send('later one\n');
      await handler.waiting(1);
      handler.answerNext(true);
      await one.until(() => one.closed);
      expect(one.received).toBe('later one!\n');
      const two = client().send('later two\nmore\n');
      await handler.waiting(1);
      two.send('and more\n');
      await client().send('turn\n').lines(1);
      handler.answerNext(true);
      await two.until(() => two.closed);
      expect(two.received).toBe('later two!\n');
      // What follows only while the request waits, which no close may answer with a reset.
      for (const first of ['', 'now\n']) {
        const three = client().send(first);
        let failed = false;
        three.socket.on('error', () => {
          failed = true;
        });
        if (first !== '') await three.lines(1);
        three.send('later three\n');
        await handler.waiting(1);
        if (first !== '') three.send('and more\n');
        await client().send('turn\n').lines(1);
        handler.answerNext(true);
        await three.until(() => three.closed);
        expect(three.received).toBe(`${first}later three!\n`);
        expect(failed).toBe(false);
      }
      await eventually('no connection but those of "turn"', () => transport.counters.connectionsOpen <= 1);
    });

    it('answers a client that has finished sending', async () => {
      const { handler, client } = await http();
      const peer = client();
      peer.socket.end('later one\nlater two\nsoon three\nlast\n');
      await handler.waiting(1);
      await client().send('turn\n').lines(1);
      handler.answerNext();
      await handler.waiting(1);
      handler.answerNext();
      await peer.until(() => peer.closed);
      expect(peer.received).toBe('later one!\nlater two!\nsoon three!\nlast\n');
    });

    it('drops the answer of a connection that was reset, although another has its slot', async () => {
      const { handler, transport, client } = await http({ maxConnections: 1 });
      for (let i = 0; i < 3; i++) {
        const gone = client().send('now\n');
        await gone.lines(1);
        gone.send('later old\n');
        await handler.waiting(1);
        gone.socket.resetAndDestroy();
        await eventually('the end of the connection', () => transport.counters.connectionsOpen === 0);
        const next = client().send('later new\n');
        await handler.waiting(2);
        handler.answerNext();
        handler.answerNext();
        expect(await next.lines(1)).toEqual(['later new!']);
        next.socket.destroy();
        await eventually('the end of the next', () => transport.counters.connectionsOpen === 0);
      }
      expect(transport.counters.connectionsTimedOut).toBe(0);
    });

    it('survives clients that close or reset while they wait', async () => {
      const { handler, transport, client } = await http();
      const peers = Array.from({ length: 20 }, (_, i) => client().send(`${i % 3 ? '' : 'now\n'}later ${i}\n`));
      await handler.waiting(20);
      for (const [i, { socket }] of peers.entries()) i % 2 ? socket.destroy() : socket.resetAndDestroy();
      await client().send('turn\n').lines(1);
      while (handler.passed.length > 0) handler.answerNext(handler.passed.length % 5 === 0);
      await eventually('the end of all but one', () => transport.counters.connectionsOpen === 1);
      expect(transport.counters.connectionsTimedOut).toBe(0);
    });

    it('closes a connection whose answer never comes', async () => {
      const { handler, transport, client } = await http();
      const peer = client().send('later one\nnow\n');
      const old = client().send('now\n');
      await old.lines(1);
      old.send('later two\n');
      await handler.waiting(2);
      for (const one of [peer, old]) await one.until(() => one.closed);
      expect([peer.received, old.received]).toEqual(['', 'now\n']);
      await eventually('the end of both', () => transport.counters.connectionsOpen === 0);
      expect(transport.counters.connectionsTimedOut).toBe(2);
      while (handler.passed.length > 0) handler.answerNext();
      expect(await client().send('turn\n').lines(1)).toEqual(['turn']);
    });

    it('passes a request on once, although the client does not read the answers before it', async () => {
      const { handler, client } = await http();
      const peer = client();
      peer.socket.pause();
      peer.send(`${'big\n'.repeat(100)}later one\nend\n`);
      for (let turns = 0; turns < 20; turns++) await client().send('turn\n').lines(1);
      peer.socket.resume();
      await handler.waiting(1);
      handler.answerNext();
      expect((await peer.lines(102)).slice(99)).toEqual(['b'.repeat(60_000), 'later one!', 'end']);
      expect(handler.passed).toEqual([]);
    });

    it('keeps order where the client does not read large answers that come later', async () => {
      const large = 'b'.repeat(60_000);
      const { handler, client } = await http({
        betweenBatches: (it) => {
          while (it.passed.length > 0) {
            const passed = it.passed.shift()!;
            it.answer({ ...passed, line: `${passed.line} ${large}` }, passed.line === 'later last');
          }
        },
      });
      const peer = client();
      peer.socket.pause();
      const names = Array.from({ length: 150 }, (_, i) => `later ${i}`);
      peer.send(`${names.join('\n')}\nlater last\nlater never\n`);
      for (let turns = 0; turns < 20; turns++) await client().send('turn\n').lines(1);
      peer.socket.resume();
      await peer.until(() => peer.closed);
      expect(handler.passed).toEqual([]);
      const answers = peer.received.split('\n').map((line) => line.replace(` ${large}!`, ''));
      expect(answers).toEqual([...names, 'later last', '']);
    });

    it('reads on only after the answer, and then everything', async () => {
      const { handler, client } = await http();
      const filler = `${'x'.repeat(7_990)}\n`;
      const peer = client().send('later one\n');
      await handler.waiting(1);
      // More than the kernel holds for both sides.
      peer.send(`later two\n${filler.repeat(4_000)}`);
      for (let turns = 0; turns < 50; turns++) await client().send('turn\n').lines(1);
      expect(peer.socket.writableLength).toBeGreaterThan(0);
      handler.answerNext();
      await handler.waiting(1);
      handler.answerNext();
      peer.send('bye\n');
      await peer.until(() => peer.closed);
      expect(peer.bytes).toBe('later one!\nlater two!\n'.length + filler.length * 4_000 + 'bye\n'.length);
    });

    it('takes any number of answers that come at once', async () => {
      const { client } = await http();
      const peer = client().send(`${'soon x\n'.repeat(20_000)}bye\n`);
      await peer.until(() => peer.closed);
      expect(peer.received).toBe(`${'soon x!\n'.repeat(20_000)}bye\n`);
    });

    it('knows the client of a PROXY header, in each request that it passes on', async () => {
      const { handler, client } = await http({ proxy: true });
      const peers = [7, 8].map((host) =>
        client().send(`PROXY TCP4 203.0.113.${host} 192.0.2.1 4711 80\r\nlater ${host}\nlater again ${host}\n`),
      );
      for (let i = 0; i < 2; i++) {
        await handler.waiting(2);
        for (const passed of handler.passed.splice(0)) {
          expect(passed.remote).toBe(`203.0.113.${passed.line.at(-1)} 4711`);
          handler.answer(passed);
        }
      }
      for (const [i, peer] of peers.entries()) {
        expect(await peer.lines(2)).toEqual([`later ${i + 7}!`, `later again ${i + 7}!`]);
      }
    });

    it('answers over TLS', async () => {
      const file = (name: string): string => fileURLToPath(new URL(name, TLS_VECTORS));
      const tls = { certificateFile: file('one.cert.pem'), keyFile: file('one.key.pem') };
      const { handler, address, transport } = await http({ tls });
      const socket = connectTls({ host: '127.0.0.1', port: address.port, rejectUnauthorized: false });
      cleanups.push(() => socket.destroy());
      const peer = new Client(socket).send('a\nlater b\nc\nlater d\n');
      for (let i = 0; i < 2; i++) {
        await handler.waiting(1);
        handler.answerNext(i === 1);
      }
      await peer.until(() => peer.closed);
      expect(peer.received).toBe('a\nlater b!\nc\nlater d!\n');
      await eventually('the end of the connection', () => transport.counters.connectionsOpen === 0);
    });

    it('does nothing with an answer once the listener is closed', async () => {
      const { handler, listener, transport, client } = await http();
      const peer = client().send('later one\n');
      await handler.waiting(1);
      listener.close();
      await peer.until(() => peer.closed);
      handler.answerNext();
      expect(peer.received).toBe('');
      expect(transport.counters.connectionsOpen).toBe(0);
    });

    it('answers each request once', async () => {
      const { handler, client } = await http();
      const peer = client().send('later one\n');
      await handler.waiting(1);
      const first = handler.answerNext();
      handler.answer(first);
      peer.send('later two\n');
      await handler.waiting(1);
      handler.answer(first, true);
      handler.answerNext();
      handler.answer({ ticket: 2 ** 47 + 12_345, line: 'never', remote: '' });
      expect(await peer.lines(2)).toEqual(['later one!', 'later two!']);
      peer.send('end\n');
      expect(await peer.lines(3)).toEqual(['later one!', 'later two!', 'end']);
    });
  });
}
