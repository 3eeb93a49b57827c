/** `series`: the list, the table with its line of blocks, and the files. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocks, registerSeriesCommand } from '../../../src/cli/commands/series.js';
import type { SeriesListAnswer, SeriesValuesAnswer } from '../../../src/history/api/series-answers.js';
import { runCommand } from '../../support/command-line.js';

const LIST: SeriesListAnswer = {
  series: [
    { name: 'peers', unit: 'peers', kind: 'gauge', help: 'Peers known', label: null, labels: [] },
    { name: 'density', unit: 'bytes/s', kind: 'gauge', help: 'Traffic', label: 'subdomain', labels: ['a', 'b'] },
  ],
};
const COUNTER: SeriesValuesAnswer = {
  start: '2026-11-25T09:00:00.000Z',
  stepSeconds: 60,
  count: 4,
  series: [{ name: 'announces', label: 'udp', unit: 'announces', kind: 'counter', sum: [0, 7, null, 3] }],
};
const asked: string[] = [];
let answer: unknown;
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

async function series(...args: string[]): Promise<string> {
  const { stdout, thrown } = await runCommand(registerSeriesCommand, ['series', '--url', url, ...args]);
  expect(thrown).toBeUndefined();
  return stdout.toString();
}

test('without a name: the list', async () => {
  answer = LIST;
  const text = await series();
  expect(asked.at(-1)).toBe('/api/v1/series');
  expect(text).toMatch(/^density +bytes\/s +subdomain \(2\) +Traffic$/m);
  expect(JSON.parse(await series('--json'))).toEqual(LIST);
});

test('with a name: its values as a line of blocks, with what they add up to', async () => {
  answer = COUNTER;
  const text = await series('announces', '--label', 'udp', '--from', '2026-11-25T09:00:00Z');
  expect(asked.at(-1)).toBe('/api/v1/series?name=announces&label=udp&from=2026-11-25T09%3A00%3A00Z&points=40');
  expect(text).toMatch(/^announces, announces in 60 s, 2026-11-25T09:00:00.000Z to 2026-11-25T09:04:00.000Z\n/);
  expect(text).toMatch(/^udp +▁█ ▄ +3 +0 +10 +7$/m);
  answer = { ...COUNTER, series: [] };
  expect(await series('announces')).toBe('nothing is recorded of announces\n');
});

test('as files: the answer itself, and CSV as the API writes it', async () => {
  answer = COUNTER;
  expect(JSON.parse(await series('announces', '--json'))).toEqual(COUNTER);
  expect(asked.at(-1)).toBe('/api/v1/series?name=announces');
  const lines = (await series('announces', '--csv')).split('\r\n');
  expect(lines.slice(0, 4)).toEqual([
    'time,announces{udp} (announces)',
    '2026-11-25T09:00:00.000Z,0',
    '2026-11-25T09:01:00.000Z,7',
    '2026-11-25T09:02:00.000Z,',
  ]);
});

test('a line of zeros is flat', () => {
  expect(blocks([0, 0, null])).toBe('▁▁ ');
});
