/** The calls that show the time series: the list, values as JSON and CSV, marks, and errors that say what to do. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkValue } from '../../../src/control-api/check-request.js';
import { type Answer, NO_BROWSER } from '../../../src/control-api/route.js';
import { historyRoutes } from '../../../src/history/api/history-routes.js';
import type { SeriesListAnswer } from '../../../src/history/api/series-answers.js';
import { chooseStep } from '../../../src/history/query.js';
import { HistoryFixture, START_MS } from './history-fixture.js';

let history: HistoryFixture;
beforeAll(async () => {
  history = new HistoryFixture();
  for (let i = 0; i < 70; i++) history.density.set(`area-${i}`, 10 + i);
  history.density.set('=cmd', 1);
  await history.measureOnly();
  for (let i = 0; i < 3; i++) await history.minute(i + 1, 10 * i);
  history.running.mark('reload', 'the configuration was reloaded');
  history.running.mark('start', 'the tracker started');
  await history.minute(4, 5);
});
afterAll(() => history.close());

async function get(path: string, query: Record<string, string | string[]> = {}): Promise<Answer> {
  const routes = historyRoutes(() => history.running, { nowMs: () => history.nowMs });
  const route = routes.find((each) => each.path === path)!;
  return route.handle({
    body: undefined,
    query: checkValue(route.query!, query, ''),
    params: undefined,
    principal: undefined,
    callerAddress: '127.0.0.1',
    browser: NO_BROWSER,
  });
}

const from = new Date(START_MS).toISOString();

test('the list has every series with unit, help and the values of its label', async () => {
  const { series } = (await get('/api/v1/series')).json as SeriesListAnswer;
  expect(series.find(({ name }) => name === 'announces')).toEqual({
    name: 'announces',
    unit: 'announces',
    kind: 'counter',
    help: 'Announces answered, by protocol',
    label: 'protocol',
    labels: ['udp'],
  });
  expect(series.find(({ name }) => name === 'density')!.labels).toHaveLength(71);
  expect(new Set(series.map(({ name }) => name)).size).toBe(series.length);
});

test('values have the start and the step, and a gap is null', async () => {
  const { json } = await get('/api/v1/series', {
    name: ['announces', 'peers'],
    from,
    to: new Date(START_MS + 300_000).toISOString(),
  });
  expect(json).toEqual({
    start: from,
    stepSeconds: 60,
    count: 5,
    series: [
      { name: 'announces', label: 'udp', unit: 'announces', kind: 'counter', sum: [1, 2, 3, 4, null] },
      {
        name: 'peers',
        label: null,
        unit: 'peers',
        kind: 'gauge',
        mean: [0, 10, 20, 5, null],
        min: [0, 10, 20, 5, null],
        max: [0, 10, 20, 5, null],
      },
    ],
  });
});

test('fewer points are sums and means of longer steps', async () => {
  const { json } = await get('/api/v1/series', {
    name: ['announces', 'peers'],
    from,
    to: new Date(START_MS + 240_000).toISOString(),
    points: '1',
  });
  expect(json).toMatchObject({
    stepSeconds: 300,
    series: [{ sum: [10] }, { mean: [8.75], min: [0], max: [20] }],
  });
});

test('CSV has a column for each series, and is safe to open in a spreadsheet', async () => {
  const query = { name: ['announces', 'density'], label: ['udp', '=cmd', 'area-1'], from, format: 'csv', points: '10' };
  const { text } = await get('/api/v1/series', { ...query, to: new Date(START_MS + 120_000).toISOString() });
  expect(text!.contentType).toContain('text/csv');
  expect(text!.body.split('\r\n').slice(0, 2)).toEqual([
    'time,announces{udp} (announces),density{area-1} (bytes/s),density{=cmd} (bytes/s)',
    `${from},1,11,1`,
  ]);
});

test('marks are events of a span of time', async () => {
  const { json } = await get('/api/v1/marks', { from });
  expect(json).toEqual({
    marks: [
      { time: new Date(START_MS + 180_000).toISOString(), kind: 'reload', text: 'the configuration was reloaded' },
      { time: new Date(START_MS + 180_000).toISOString(), kind: 'start', text: 'the tracker started' },
    ],
  });
  expect((await get('/api/v1/marks', { from, to: new Date(START_MS + 1).toISOString() })).json).toEqual({ marks: [] });
});

test.each([
  [{ name: 'anounces' }, 'no series has the name "anounces"; did you mean "announces"?'],
  [{ name: 'zzzzzzzzz' }, 'GET /api/v1/series lists all'],
  [{ name: 'density' }, '71 series match, and an answer has at most 64; choose some of them with label'],
  [{ name: 'peers', from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'from: is not before "to"'],
  [{ name: 'peers', from: '1900-01-01T00:00:00Z' }, 'from: is more than ten years before "to"'],
  [{ name: 'peers', from: 'yesterday' }, 'from: '],
  [{ name: 'peers', points: '0' }, 'points: '],
  [{ name: 'peers', points: '9999' }, 'points: '],
  [{ name: 'peers', format: 'xml' }, 'format: '],
])('%j is refused with a reason', async (query, message) => {
  await expect(get('/api/v1/series', query)).rejects.toThrow(message);
});

test('the resolution follows the span, and what is no longer kept finely comes from a coarser level', () => {
  const kept = { 60: 48 * 3_600, 300: 30 * 86_400, 3600: 730 * 86_400 };
  const now = 1_800_000_000;
  const step = (from: number, to: number, points = 300): [number, number] => {
    const chosen = chooseStep({ fromSeconds: now - from, toSeconds: now - to, points }, now, kept);
    return [chosen.stepSeconds, chosen.level.stepSeconds];
  };
  expect(step(3_600, 0)).toEqual([60, 60]);
  expect(step(86_400, 0)).toEqual([300, 300]);
  expect(step(2 * 86_400, 0)).toEqual([600, 300]);
  expect(step(7 * 86_400, 0)).toEqual([3_600, 3_600]);
  expect(step(7 * 86_400, 0, 1_000)).toEqual([900, 300]);
  expect(step(3 * 86_400, 3 * 86_400 - 3_600)).toEqual([300, 300]);
  expect(step(400 * 86_400, 399 * 86_400)).toEqual([3_600, 3_600]);
  expect(step(730 * 86_400, 0)).toEqual([604_800, 3_600]);
});
