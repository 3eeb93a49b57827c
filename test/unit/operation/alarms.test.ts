import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { type Alarm, alarm } from '../../../src/domain/alarm.js';
import { JsonPoster } from '../../../src/net/post-json.js';
import { AlarmBook, type AlarmChange } from '../../../src/operation/alarms/alarm-book.js';
import { Webhook, webhookMessage } from '../../../src/operation/alarms/webhook.js';
import { alarmStore } from '../../../src/store/sqlite/alarm-store.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';

const clock = {
  now: 0,
  nowMs(): number {
    return this.now;
  },
};
const lines: string[] = [];
const line = (_fields: unknown, message?: string): void => void lines.push(message ?? String(_fields));
const log = { info: line, warn: line, error: line };
const silent = (text: string): Alarm => alarm('probe-silent', { subject: 'dp-core', text });

function bookOver(database = openDatabase(':memory:')) {
  const now: Alarm[] = [];
  const changes: AlarmChange[] = [];
  const store = alarmStore(database);
  const book = new AlarmBook({ store, clock, log, alarms: () => now });
  book.onChange((change) => changes.push(change));
  return { database, store, book, now, changes };
}

test('an alarm is logged, stored and sent when it begins and when it ends, and not in between', () => {
  clock.now = 1_000;
  lines.length = 0;
  const { book, now, changes, store } = bookOver();
  now.push(silent('silent for 12 min'));
  book.check();
  clock.now = 3_000;
  now[0] = silent('silent for 13 min');
  book.check();
  expect(book.open()).toMatchObject([{ id: 'probe-silent', text: 'silent for 13 min', begunMs: 1_000 }]);
  now.length = 0;
  clock.now = 5_000;
  book.check();
  expect(lines).toEqual([
    'alarm probe-silent: silent for 12 min; read the log of the probe, and check that it reaches the control API (docs/alarms.md#probe-silent)',
    'alarm probe-silent has ended: silent for 13 min',
  ]);
  expect(changes.map(({ endedMs }) => endedMs)).toEqual([null, 5_000]);
  expect(store.list({ limit: 10 })).toMatchObject([
    { id: 'probe-silent', subject: 'dp-core', text: 'silent for 13 min', begunMs: 1_000, endedMs: 5_000 },
  ]);
  store.forgetBefore(5_000);
  expect(store.list({ limit: 10 })).toHaveLength(1);
  store.forgetBefore(5_001);
  expect(store.list({ limit: 10 })).toEqual([]);
});

test('an alarm of the last run continues, or ends once the parts had time to notice', () => {
  clock.now = 0;
  const first = bookOver();
  first.now.push(silent('one'), alarm('dht-unreachable', { text: 'two' }));
  first.book.check();
  clock.now = 10_000;
  const second = bookOver(first.database);
  second.now.push(silent('one'));
  second.book.check();
  expect(second.changes).toEqual([]);
  clock.now = 69_999;
  second.book.check();
  expect(second.changes).toEqual([]);
  clock.now = 70_000;
  second.book.check();
  expect(second.changes).toMatchObject([{ alarm: { id: 'dht-unreachable' }, endedMs: 70_000 }]);
  expect(second.book.open()).toMatchObject([{ id: 'probe-silent', begunMs: 0 }]);
});

test('the critical ones come first', () => {
  const { book, now } = bookOver();
  now.push(silent('a'), alarm('part-down', { subject: 'crawler', text: 'b' }));
  book.check();
  expect(book.open().map(({ severity }) => severity)).toEqual(['critical', 'warning']);
});

const change = (subject: string, endedMs: number | null = null): AlarmChange => ({
  alarm: { ...alarm('probe-silent', { subject, text: subject }), begunMs: 1_000 },
  endedMs,
});

interface Sent {
  readonly url: string;
  readonly token: string | undefined;
  readonly subjects: string;
}

/** A webhook whose timers a test runs itself. */
function webhookOf(answers: (number | Error)[], minSeverity: 'warning' | 'critical' = 'warning') {
  const sent: Sent[] = [];
  const timers: { work: () => void; ms: number }[] = [];
  const webhook = new Webhook(
    { url: 'http://hook.example/', token: 'a-token', minSeverity },
    {
      log,
      later: (work, ms) => {
        const timer = { work, ms };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer) >>> 0, 1);
      },
      post: async (url, token, json) => {
        const { status, alerts } = json as ReturnType<typeof webhookMessage>;
        sent.push({ url, token, subjects: `${status}: ${alerts.map(({ labels }) => labels.subject).join()}` });
        const answer = answers.shift() ?? 200;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
  );
  const run = async (): Promise<number> => {
    const { work, ms } = timers.shift()!;
    work();
    await new Promise((done) => setImmediate(done));
    return ms;
  };
  return { webhook, sent, run, timers };
}

test('the webhook gets beginnings together, and ends apart', async () => {
  const { webhook, sent, run, timers } = webhookOf([]);
  webhook.take(change('a'));
  webhook.take(change('b'));
  webhook.take(change('a', 2_000));
  await run();
  await run();
  expect(sent).toEqual([
    { url: 'http://hook.example/', token: 'a-token', subjects: 'firing: a,b' },
    { url: 'http://hook.example/', token: 'a-token', subjects: 'resolved: a' },
  ]);
  expect(timers).toEqual([]);
});

test('failures are retried with growing pauses and logged once; the queue is bounded', async () => {
  lines.length = 0;
  const { webhook, sent, run } = webhookOf([new Error('refused'), 503, 200]);
  webhook.take(change('a'));
  expect([await run(), await run(), await run()]).toEqual([0, 1_000, 2_000]);
  expect(sent).toHaveLength(3);
  expect(lines).toEqual([
    'alarms: the webhook fails: refused; it is tried again',
    'alarms: the webhook takes messages again',
  ]);
  expect(webhook.counts).toEqual({ sent: 1, failed: 2, dropped: 0 });
  for (let i = 0; i < 510; i++) webhook.take(change(`n${i}`));
  expect(webhook.counts.dropped).toBe(10);
});

test('warnings are left out where only critical alarms are wanted', () => {
  const { webhook, timers } = webhookOf([], 'critical');
  webhook.take(change('a'));
  expect(timers).toEqual([]);
});

test('a message has the form of Alertmanager’s', () => {
  expect(webhookMessage([change('dp-core', 61_000)])).toEqual({
    version: '4',
    receiver: 'alias-tracker',
    status: 'resolved',
    groupKey: 'alias-tracker',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    alerts: [
      {
        status: 'resolved',
        labels: { alertname: 'probe-silent', severity: 'warning', subject: 'dp-core' },
        annotations: {
          summary: 'dp-core',
          description: 'read the log of the probe, and check that it reaches the control API',
          document: 'docs/alarms.md#probe-silent',
        },
        startsAt: '1970-01-01T00:00:01.000Z',
        endsAt: '1970-01-01T00:01:01.000Z',
        fingerprint: 'probe-silent dp-core',
      },
    ],
  });
});

test('JSON is posted with its token, and not to a listener of the tracker', async () => {
  const received: unknown[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      received.push([request.method, request.headers.authorization, JSON.parse(text)]);
      response.writeHead(302, { location: 'http://127.0.0.9/' }).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const open = new JsonPoster({ blockedReason: () => undefined });
  expect(await open.post(`http://127.0.0.1:${port}/hook`, 'a-token', { a: 1 })).toBe(302);
  expect(received).toEqual([['POST', 'Bearer a-token', { a: 1 }]]);
  const guarded = new JsonPoster({ blockedReason: () => 'is where this installation listens' });
  await expect(guarded.post(`http://localhost:${port}/`, undefined, {})).rejects.toThrow('cannot be reached');
  await expect(guarded.post(`http://127.0.0.1:${port}/`, undefined, {})).rejects.toThrow('this installation listens');
  expect(received).toHaveLength(1);
  await Promise.all([open.close(), guarded.close()]);
  server.close();
});
