/** The log: everything in one list, and each kind alone. */
import { expect, test } from 'vitest';
import { NOW, showPage } from './page-fixture.js';

const at = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const HASH = 'a'.repeat(40);
const alarm = {
  ...{ id: 'probe-silent', severity: 'warning', subject: 'dp-north', text: 'probe dp-north silent', remedy: 'look' },
  ...{ document: 'docs/alarms.md#probe-silent', begunAt: at(40), endedAt: at(10) },
};
const pause = { ...{ id: 7, at: at(5), actor: 'noc', address: null, action: 'pause' }, subject: 'redirection' };
const answers = {
  '/api/v1/audit': () => ({ entries: [{ ...pause, result: 'done', details: { forSeconds: 600 } }], next: null }),
  '/api/v1/alarms': () => ({ open: [], history: [alarm], next: null }),
  '/api/v1/catalogue/log': () => ({
    entries: [
      {
        atMs: NOW - 20 * 60_000,
        infoHash: HASH,
        name: 'debian.iso',
        action: 'published',
        actor: 'crawler',
        details: {},
      },
      { atMs: NOW - 9e7, infoHash: HASH, name: 'older.iso', action: 'published', actor: 'crawler', details: {} },
    ],
  }),
  '/api/v1/caches/log': () => ({
    entries: [
      {
        ...{ at: at(15), cache: 'pop', infoHash: HASH, name: 'debian.iso', action: 'added', reason: 'wanted' },
        ...{ actor: 'controller', savingPerDay: null, currency: null },
      },
    ],
  }),
};

async function actions(query: Record<string, string>): Promise<string[]> {
  const { html, defects } = await showPage('/log', answers, { ...query, format: 'json' });
  expect(defects).toEqual([]);
  const [rows] = Object.values(JSON.parse(html) as Record<string, { action?: string; id?: string }[]>);
  return rows!.map(({ action, id }) => action ?? id!);
}

test('everything is in one list, the latest first, and within the time range', async () => {
  expect(await actions({})).toEqual(['pause', 'probe-silent ended', 'added', 'published', 'probe-silent began']);
  const { html } = await showPage('/log', answers);
  expect(html).toContain(`<a class="name" href="/torrents/${HASH}">debian.iso</a>`);
  expect(html).toContain('done {&quot;forSeconds&quot;:600}');
});

test('filters choose a kind, an action and who did it', async () => {
  expect(await actions({ kind: 'operator' })).toEqual(['pause']);
  expect(await actions({ kind: 'alarm' })).toEqual(['probe-silent']);
  expect(await actions({ kind: 'catalogue' })).toEqual(['published']);
  expect(await actions({ kind: 'cache' })).toEqual(['added']);
  expect(await actions({ actor: 'crawler' })).toEqual(['published']);
  expect(await actions({ action: 'added' })).toEqual(['added']);
  expect(await actions({ kind: 'nonsense', range: '7d' })).toHaveLength(6);
});
