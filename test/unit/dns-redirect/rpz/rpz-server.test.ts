/** The RPZ server asked by dig and kdig, and by clients that mean harm. */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { RpzServer } from '../../../../src/dns-redirect/rpz/rpz-server.js';
import { TsigSigner } from '../../../../src/dns-redirect/rpz/tsig.js';
import { TYPE_AXFR, TYPE_SOA } from '../../../../src/dns-redirect/wire/dns-codes.js';
import { readMessage } from '../../../../src/dns-redirect/wire/dns-message.js';
import { nameFromText } from '../../../../src/dns-redirect/wire/domain-name.js';
import { frameMessage, MessageReader } from '../../../../src/dns-redirect/wire/message-stream.js';
import { writeMessage } from '../../../../src/dns-redirect/wire/message-writer.js';
import { eventually } from '../../../support/eventually.js';
import { requireProgram } from '../../../support/real-program.js';
import { access, memoryStore, recordsOf, SECRET, startRpzServer, TIMES, ZONE } from './running-rpz-server.js';

const dig = requireProgram('dig');
const kdig = requireProgram('kdig');
const NAME = 'rpz.alias-tracker';

let server: RpzServer;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.stop();
});

async function asked(program: string, from: string, ...words: string[]): Promise<string> {
  const { port } = server.addresses[0]!;
  const where = ['@127.0.0.1', '-p', String(port), '-b', from];
  const run = promisify(execFile)(program, [...where, ...words], { maxBuffer: 64 * 1024 * 1024 });
  // dig ends with an error where a transfer fails; what it printed is what counts.
  return run.then(
    ({ stdout, stderr }) => stdout + stderr,
    (thrown: { stdout?: string; stderr?: string }) => `${thrown.stdout}${thrown.stderr}`,
  );
}

const rows = (out: string): string[] => out.split('\n').filter((line) => /\sIN\s/.test(line) && !line.startsWith(';'));

function request(type: number, id = 7): Buffer {
  return writeMessage({
    id,
    flags: 0,
    questions: [{ name: ZONE, type, class: 1 }],
    answers: [],
    authorities: [],
    additionals: [],
  });
}

const key = { name: nameFromText('isp'), algorithm: 'hmac-sha256', secret: Buffer.from(SECRET, 'base64') } as const;
const signed = (bytes: Buffer, seconds = Math.floor(Date.now() / 1_000)): Buffer =>
  new TsigSigner(key, undefined).sign(bytes, seconds);

async function overTcp(from: string, ...requests: Buffer[]): Promise<Socket> {
  const { host, port } = server.addresses[0]!;
  const socket = connect({ host, port, localAddress: from });
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  for (const each of requests) socket.write(frameMessage(each));
  return socket;
}

/** @returns the response codes until the server closes or `count` messages came */
async function codes(socket: Socket, count: number): Promise<number[]> {
  const reader = new MessageReader(0xffff);
  const found: number[] = [];
  socket.on('data', (chunk: Buffer) => {
    reader.push(chunk);
    for (let message = reader.next(); message; message = reader.next()) found.push(message[3]! & 15);
  });
  await eventually('the answers', () => found.length >= count, { possible: () => !socket.destroyed });
  return found;
}

describe.skipIf(dig === undefined || kdig === undefined)('transfers to real clients', () => {
  test('dig and kdig get the whole zone, in several messages', async () => {
    server = await startRpzServer({ access: access({ host: '127.0.0.1' }) });
    server.publish(ZONE, recordsOf(3_000), TIMES);
    const out = await asked(dig!, '127.0.0.1', NAME, 'AXFR');
    expect(rows(out)).toHaveLength(3_004);
    expect(Number(/messages (\d+)/.exec(out)![1])).toBeGreaterThan(2);
    expect(rows(await asked(kdig!, '127.0.0.1', NAME, 'AXFR'))).toHaveLength(3_004);
  });

  test('IXFR over TCP and UDP; over UDP the SOA alone where it does not fit', async () => {
    server = await startRpzServer({ access: access({ host: '127.0.0.1' }) });
    server.publish(ZONE, recordsOf(300), TIMES);
    const { serial } = server.zones[0]!;
    server.publish(ZONE, recordsOf(301), TIMES);
    expect(rows(await asked(dig!, '127.0.0.1', NAME, `IXFR=${serial}`))).toHaveLength(5);
    expect(rows(await asked(dig!, '127.0.0.1', NAME, `IXFR=${serial}`, '+notcp'))).toHaveLength(5);
    server.publish(ZONE, recordsOf(300, 2), TIMES);
    const overUdp = await asked(kdig!, '127.0.0.1', NAME, `IXFR=${serial}`, '+notcp', '+ignore');
    expect(rows(overUdp)).toHaveLength(1);
    expect(rows(await asked(kdig!, '127.0.0.1', NAME, `IXFR=${serial}`)).length).toBeGreaterThan(600);
    expect(rows(await asked(kdig!, '127.0.0.1', NAME, 'IXFR=1'))).toHaveLength(304);
  });

  test.each([
    ['hmac-sha256', 'isp'],
    ['hmac-sha384', 'isp-384'],
    ['hmac-sha512', 'isp-512'],
  ])('each message of a transfer is signed: %s', async (algorithm, name) => {
    server = await startRpzServer({ access: access({ host: '127.0.0.1', key: name }) });
    server.publish(ZONE, recordsOf(3_000), TIMES);
    const y = `${algorithm}:${name}:${SECRET}`;
    const out = await asked(dig!, '127.0.0.1', NAME, 'AXFR', '-y', y);
    expect(rows(out)).toHaveLength(3_004);
    expect(out).not.toMatch(/could not be validated|verify/i);
    const byKnot = await asked(kdig!, '127.0.0.1', NAME, 'AXFR', '-y', y);
    expect(rows(byKnot)).toHaveLength(3_004);
    expect(byKnot).not.toMatch(/WARNING|;; ERROR/);
  });

  test('wrong keys, wrong secrets and missing signatures', async () => {
    server = await startRpzServer({ access: access({ host: '127.0.0.1', key: 'isp' }, { host: '127.0.0.2' }) });
    server.publish(ZONE, recordsOf(1), TIMES);
    const soa = (from: string, ...words: string[]): Promise<string> => asked(dig!, from, NAME, 'SOA', ...words);
    expect(await soa('127.0.0.1')).toMatch(/status: REFUSED/);
    expect(await soa('127.0.0.1', '-y', `hmac-sha256:isp:${SECRET}`)).toMatch(/status: NOERROR[\s\S]*NOERROR 0/);
    expect(await soa('127.0.0.1', '-y', `hmac-sha256:other:${SECRET}`)).toMatch(/status: NOTAUTH[\s\S]*BADKEY/);
    expect(await soa('127.0.0.1', '-y', `hmac-sha512:isp:${SECRET}`)).toMatch(/status: NOTAUTH[\s\S]*BADKEY/);
    expect(await soa('127.0.0.1', '-y', `hmac-sha256:isp:${SECRET.slice(4)}`)).toMatch(/status: NOTAUTH[\s\S]*BADSIG/);
    // Another key of ours is not the key of this secondary.
    expect(await soa('127.0.0.1', '-y', `hmac-sha512:isp-512:${SECRET}`)).toMatch(/status: REFUSED/);
    expect(await soa('127.0.0.2')).toMatch(/status: NOERROR/);
    expect(await soa('127.0.0.3', '-y', `hmac-sha256:isp:${SECRET}`)).toMatch(/status: REFUSED/);
  });

  test('what is not a transfer of these zones', async () => {
    server = await startRpzServer({ access: access({ host: '127.0.0.1' }) });
    expect(await asked(dig!, '127.0.0.1', NAME, 'SOA')).toMatch(/status: SERVFAIL/);
    server.publish(ZONE, recordsOf(1), TIMES);
    const status = async (...words: string[]): Promise<string> =>
      /status: (\w+)/.exec(await asked(dig!, '127.0.0.1', ...words))![1]!;
    expect(await status(NAME, 'SOA')).toBe('NOERROR');
    expect(await status(NAME, 'SOA', '+tcp')).toBe('NOERROR');
    expect(await status(NAME, 'NS')).toBe('NOERROR');
    expect(await status(`n0.example.${NAME}`, 'A')).toBe('NOTAUTH');
    expect(await status(NAME, 'A')).toBe('REFUSED');
    expect(await status('example.org', 'SOA')).toBe('NOTAUTH');
    expect(await status(NAME, 'SOA', 'CH')).toBe('NOTAUTH');
    expect(await status(NAME, 'SOA', '+opcode=notify')).toBe('NOTAUTH');
    expect(await status(NAME, 'SOA', '+opcode=update')).toBe('NOTIMP');
    expect(await status(NAME, 'SOA', '+edns=1', '+noednsnegotiation')).toBe('BADVERS');
    expect(await asked(kdig!, '127.0.0.1', NAME, 'AXFR', '+notcp')).not.toMatch(/\sSOA\s/);
  });
});

describe('clients that mean harm', () => {
  test('a request that is too old, or comes again, gets BADTIME', async () => {
    server = await startRpzServer({ access: access({ host: '127.0.0.1', key: 'isp' }) });
    server.publish(ZONE, recordsOf(1), TIMES);
    const old = signed(request(TYPE_AXFR), Math.floor(Date.now() / 1_000) - 1_000);
    const fresh = signed(request(TYPE_AXFR));
    const socket = await overTcp('127.0.0.1', old, fresh, fresh);
    const answers: Buffer[] = [];
    const reader = new MessageReader(0xffff);
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let message = reader.next(); message; message = reader.next()) answers.push(message);
    });
    await eventually('three answers', () => answers.length === 3);
    expect(answers.map((answer) => answer[3]! & 15)).toEqual([9, 0, 9]);
    // The error precedes the length of the other data, which is the server's time.
    expect(answers[0]!.readUInt16BE(answers[0]!.length - 10)).toBe(18);
    expect(answers[0]!.readUIntBE(answers[0]!.length - 6, 6)).toBeGreaterThan(1_700_000_000);
    expect(server.counters.badSignature).toBe(2);
  });

  test('a changed byte anywhere in a signed request is noticed', async () => {
    server = await startRpzServer({ access: access({ host: '127.0.0.1', key: 'isp' }) });
    server.publish(ZONE, recordsOf(1), TIMES);
    const whole = signed(request(TYPE_SOA));
    // The id is not signed (RFC 8945 section 4.3.1): byte 2 and on. Bit 0 is not the case bit of letters.
    const changed = Array.from({ length: whole.length - 2 }, (_, i) => {
      const copy = Buffer.from(whole);
      copy[i + 2] = copy[i + 2]! ^ 0x01;
      return copy;
    });
    const found = await codes(await overTcp('127.0.0.1', ...changed, whole), changed.length + 1);
    expect(found.filter((code) => code === 0)).toHaveLength(1);
    expect(found.at(-1)).toBe(0);
  });

  test('garbage, and messages longer than any request', async () => {
    server = await startRpzServer({ access: access({ host: '127.0.0.1' }) });
    server.publish(ZONE, recordsOf(1), TIMES);
    const long = await overTcp('127.0.0.1', Buffer.alloc(5_000));
    await eventually('it is disconnected', () => long.destroyed);
    const response = Buffer.from(request(TYPE_SOA));
    response[2] = 0x80;
    const silent = await overTcp('127.0.0.1', response);
    await eventually('a response is not answered', () => silent.destroyed);
    const truncated = request(TYPE_SOA).subarray(0, 20);
    expect(await codes(await overTcp('127.0.0.1', truncated, request(TYPE_SOA)), 2)).toEqual([1, 0]);
  });

  test('slow readers lose their connection, and others do not notice', async () => {
    server = await startRpzServer({ access: access({ host: '127.0.0.1' }), stalledMs: 300 });
    server.publish(ZONE, recordsOf(200_000), TIMES);
    const slow = await Promise.all(Array.from({ length: 5 }, () => overTcp('127.0.0.1', request(TYPE_AXFR))));
    for (const socket of slow) socket.pause();
    expect(await codes(await overTcp('127.0.0.1', request(TYPE_SOA)), 1)).toEqual([0]);
    await eventually('the transfers end', () => server.counters.transfersBroken === 5);
    expect(server.zones[0]!.secondaries[0]!.serial).toBeUndefined();
  });

  test('a thousand connections of strangers leave room for a secondary', async () => {
    server = await startRpzServer({ access: access({ host: '127.0.0.1' }) });
    server.publish(ZONE, recordsOf(1), TIMES);
    const { port } = server.addresses[0]!;
    for (let i = 0; i < 1_000; i++) {
      const socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.66' });
      socket.on('error', () => {});
      sockets.push(socket);
    }
    await eventually('most are refused', () => server.counters.connectionsRefused > 900);
    expect(await codes(await overTcp('127.0.0.1', request(TYPE_AXFR)), 1)).toEqual([0]);
    await eventually('the version is noted', () => server.zones[0]!.secondaries[0]!.serial !== undefined);
  });

  test('a stranger is refused before a signature is computed', async () => {
    server = await startRpzServer({ access: access({ host: '127.0.0.1', key: 'isp' }) });
    server.publish(ZONE, recordsOf(1), TIMES);
    expect(await codes(await overTcp('127.0.0.9', signed(request(TYPE_AXFR))), 1)).toEqual([5]);
    expect(server.counters).toMatchObject({ refused: 1, badSignature: 0 });
  });
});

describe('NOTIFY', () => {
  async function secondary(
    host = '127.0.0.1',
  ): Promise<{ port: number; got: Buffer[]; answer: (yes: boolean) => void; close(): void }> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const got: Buffer[] = [];
    let answers = false;
    socket.on('message', (message, from) => {
      got.push(message);
      expect(server.addresses.map((each) => each.port)).toContain(from.port);
      const reply = Buffer.from(message);
      reply[2] = reply[2]! | 0x80;
      if (answers) socket.send(reply, from.port, from.address);
    });
    socket.bind(0, host);
    await once(socket, 'listening');
    return {
      port: socket.address().port,
      got,
      answer: (yes) => {
        answers = yes;
      },
      close: () => socket.close(),
    };
  }

  test('is repeated until it is answered, at the start and at each change', async () => {
    const { port, got, answer, close } = await secondary();
    server = await startRpzServer({ access: access({ host: '127.0.0.1', port, notify: true }), notifyRetryMs: 20 });
    server.publish(ZONE, recordsOf(1), TIMES);
    await eventually('it is repeated', () => got.length >= 3);
    const [first] = got;
    expect(readMessage(first!)).toMatchObject({ flags: 0x2400, questions: [{ name: ZONE, type: TYPE_SOA }] });
    expect(readMessage(first!).answers[0]!.type).toBe(TYPE_SOA);
    answer(true);
    await eventually('it is answered', () => server.zones[0]!.secondaries[0]!.notifyRcode === 0);
    expect(server.zones[0]!.secondaries[0]!.unansweredNotifies).toBe(0);
    const before = got.length;
    server.publish(ZONE, recordsOf(1), TIMES);
    server.publish(ZONE, recordsOf(2), TIMES);
    await eventually('the change is told', () => got.length > before);
    expect(readMessage(got.at(-1)!).answers[0]!.data).toEqual(readMessage(got[before]!).answers[0]!.data);
    close();
  });

  test('goes over IPv6 from the address of that family', async () => {
    const { port, got, answer, close } = await secondary('::1');
    answer(true);
    const listen = [
      { host: '127.0.0.1', port: 0 },
      { host: '::1', port: 0 },
    ];
    server = await startRpzServer({ access: access({ host: '::1', port, notify: true }), listen });
    server.publish(ZONE, recordsOf(1), TIMES);
    await eventually('it is answered', () => server.zones[0]!.secondaries[0]!.notifyRcode === 0);
    expect(got).toHaveLength(1);
    close();
  });

  test('is sent within the call that makes the change, before the disk is written', async () => {
    let sentWhenSaved: number | undefined;
    let nowMs = Date.now();
    const store = memoryStore();
    const saveZone: typeof store.saveZone = (...saved) => {
      sentWhenSaved = server.counters.notifySent;
      store.saveZone(...saved);
    };
    const clock = { nowMs: () => nowMs };
    server = await startRpzServer({
      ...{ access: access({ host: '127.0.0.1', notify: true }), store: { ...store, saveZone }, clock },
    });
    const changedAtMs = nowMs;
    nowMs += 40;
    server.publish(ZONE, recordsOf(20_000), TIMES, changedAtMs);
    expect(sentWhenSaved).toBe(1);
    expect(server.notifyDelayMs).toBe(40);
  });

  test('is told to all again after a restart, with the same serial', async () => {
    const { port, got, answer, close } = await secondary();
    answer(true);
    const options = { access: access({ host: '127.0.0.1', port, notify: true }), store: memoryStore() };
    server = await startRpzServer(options);
    server.publish(ZONE, recordsOf(1), TIMES);
    const { serial } = server.zones[0]!;
    await eventually('it is told', () => got.length === 1);
    await server.stop();
    server = await startRpzServer(options);
    server.publish(ZONE, recordsOf(1), TIMES);
    await eventually('it is told again', () => got.length === 2);
    expect(server.zones[0]!.serial).toBe(serial);
    close();
  });
});

test('waits at the end for those that have asked, and no longer than it should', async () => {
  server = await startRpzServer({ access: access({ host: '127.0.0.1' }, { host: '127.0.0.2' }) });
  server.publish(ZONE, recordsOf(1), TIMES);
  expect(await server.whenTaken(ZONE, 60_000)).toEqual([]);
  await codes(await overTcp('127.0.0.1', request(TYPE_AXFR)), 1);
  expect(await server.whenTaken(ZONE, 60_000)).toEqual([]);
  server.publish(ZONE, recordsOf(2), TIMES);
  expect((await server.whenTaken(ZONE, 1)).map(({ endpoint }) => endpoint.host)).toEqual(['127.0.0.1']);
  const taken = server.whenTaken(ZONE, 60_000);
  await codes(await overTcp('127.0.0.1', request(TYPE_AXFR)), 1);
  expect(await taken).toEqual([]);
});

test('beside another primary, a resolver that asks and takes nothing has its version from there', async () => {
  let nowMs = Date.now();
  const clock = { nowMs: () => nowMs };
  server = await startRpzServer({ access: access({ host: '127.0.0.1' }), clock, serials: 'even' });
  server.publish(ZONE, recordsOf(1), TIMES);
  nowMs += 200_000;
  const lagging = (): boolean => server.zones[0]!.secondaries[0]!.lags;
  expect(lagging()).toBe(true);
  await codes(await overTcp('127.0.0.1', request(TYPE_SOA)), 1);
  await eventually('the alarm ends', () => !lagging());
});

test('a resolver that has one zone and never asked for the other does not want it', async () => {
  const other = nameFromText('rpz-exempt.alias-tracker');
  server = await startRpzServer({ access: access({ host: '127.0.0.1' }), zones: [other, ZONE] });
  for (const zone of [other, ZONE]) server.publish(zone, recordsOf(1), TIMES);
  const wanted = (): boolean[] => server.zones.map(({ secondaries }) => secondaries[0]!.isWanted);
  expect(wanted()).toEqual([true, true]);
  await codes(await overTcp('127.0.0.1', request(TYPE_AXFR)), 1);
  await eventually('it wants the zone that it took', () => !wanted()[0]!);
  expect(wanted()).toEqual([false, true]);
});
