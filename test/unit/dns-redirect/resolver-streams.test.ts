/** TCP connections to a resolver: which of them a question uses. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { decode } from 'dns-packet';
import { afterEach, expect, test } from 'vitest';
import { ResolverStreams } from '../../../src/dns-redirect/forward/resolver-streams.js';
import { nameFromText } from '../../../src/dns-redirect/wire/domain-name.js';
import { frameMessage, MessageReader } from '../../../src/dns-redirect/wire/message-stream.js';
import { eventually } from '../../support/eventually.js';
import { answerWith, type Closing } from './running-redirect.js';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Arrived {
  readonly name: string;
  readonly socket: Socket;
  readonly answer: () => void;
}

/** A resolver over TCP that answers when the test says so. */
async function startResolver(silentAfterMs: number, randomId?: () => number) {
  const arrived: Arrived[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    const reader = new MessageReader(0xffff);
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let packet = reader.next(); packet; packet = reader.next()) {
        const query = decode(packet);
        const answer = () => void socket.write(frameMessage(answerWith(query, '192.0.2.7')));
        arrived.push({ name: query.questions![0]!.name, socket, answer });
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const streams = new ResolverStreams({ host: '127.0.0.1', port }, silentAfterMs, randomId);
  closing.push(
    () => new Promise((resolve) => server.close(resolve)),
    async () => streams.close(),
  );
  const results: string[] = [];
  const ask = (name: string) =>
    streams.ask(
      {
        ...{ name: nameFromText(name), type: 1, class: 1 },
        ...{ dnssecOk: false, checkingDisabled: false, recursionDesired: true },
      },
      true,
      () => results.push(name),
      (error) => results.push(`${name}: ${error.message}`),
    );
  return { arrived, open, results, ask };
}

const NEVER_MS = 600_000;

test('a connection that brings nothing is closed when its last question leaves it', async () => {
  const { arrived, open, results, ask } = await startResolver(1);
  ask('first.example');
  await eventually('the first question arrives', () => arrived.length === 1);
  arrived[0]!.answer();
  await eventually('it is answered', () => results.length === 1);
  // From here on the first connection is dead: packets arrive, and nothing comes back. It is idle, so it is used first.
  const dead = arrived[0]!.socket;
  let asked = 0;
  let lost = ask('lost0.example');
  await eventually('new questions leave the dead connection', () => {
    const { name, socket } = arrived.at(-1)!;
    if (name !== `lost${asked}.example`) return false;
    if (socket !== dead) return true;
    lost.cancel();
    lost = ask(`lost${++asked}.example`);
    return false;
  });
  expect(arrived.filter(({ name, socket }) => name === 'lost0.example' && socket === dead)).toHaveLength(1);
  await eventually('the dead connection is closed', () => !open.has(dead));
  arrived.at(-1)!.answer();
  await eventually('the question is answered', () => results.includes(`lost${asked}.example`));
});

test('a late answer on a silent connection counts, and the connection is used again', async () => {
  const { arrived, open, results, ask } = await startResolver(20);
  ask('slow.example');
  await eventually('the slow question arrives', () => arrived.length === 1);
  await eventually('others use another connection', () => {
    const other = ask('other.example');
    const isLeft = open.size > 1;
    if (!isLeft) other.cancel();
    return isLeft;
  });
  arrived[0]!.answer();
  await eventually('the slow answer counts', () => results.includes('slow.example'));
  expect(open.has(arrived[0]!.socket)).toBe(true);
});

test('cancelling an answered question does not remove another one with the same id', async () => {
  const { arrived, results, ask } = await startResolver(NEVER_MS, () => 7);
  const first = ask('first.example');
  await eventually('the first question arrives', () => arrived.length === 1);
  arrived[0]!.answer();
  await eventually('it is answered', () => results.length === 1);
  ask('second.example');
  first.cancel();
  await eventually('the second question arrives', () => arrived.length === 2);
  arrived[1]!.answer();
  await eventually('the second one is answered as well', () => results.includes('second.example'));
});

test('4,096 questions at once are all sent', async () => {
  const { arrived, open, results, ask } = await startResolver(NEVER_MS);
  for (let i = 0; i < 4_096; i++) ask(`n${i}.example`);
  await eventually('all arrive', () => arrived.length === 4_096);
  expect(open.size).toBe(4);
  for (const { answer } of arrived) answer();
  await eventually('all are answered', () => results.length === 4_096);
  expect(results.filter((each) => each.includes(':'))).toEqual([]);
});
