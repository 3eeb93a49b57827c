/** A call that fails takes only its own boxes of a page with it. */
import { describe, expect, test } from 'vitest';
import { Problem } from '../../../src/control-api/problem.js';
import { PAGES } from '../../../src/dashboard/pages/pages.js';
import { type Answers, showPage } from './page-fixture.js';

const PART = { part: 'tracker', isUp: true, restarts: 0, lastFailureAt: null, lastError: null };
const fails = (): never => {
  throw new Error('the disk has gone');
};
const HASH = 'a'.repeat(40);
const PARAMS = { infoHash: HASH, id: 'north', probe: 'dp-north' };
/** What the pages ask, all of it failing. */
const ALL_FAIL: Answers = Object.fromEntries(
  [
    ...[
      'overview',
      'alarms',
      'billing',
      'swarms',
      'swarms/{infoHash}',
      'parts',
      'density',
      'subdomains',
      'probes',
      'tokens',
      'series',
    ],
    ...['marks', 'savings', 'torrents', 'catalogue/torrents/{infoHash}', 'catalogue/log', 'explain', 'audit'],
    ...['caches', 'caches/torrents', 'caches/log', 'upstream/originals', 'operation'],
    ...['redirections', 'redirections/queries', 'redirections/rpz', 'redirections/test'],
  ].map((path) => [`/api/v1/${path}`, fails]),
);

describe('a call that fails', () => {
  test('is named in the box that needs it, and the rest of the page is shown', async () => {
    const { html, defects } = await showPage('/', {
      '/api/v1/parts': () => ({ parts: [PART] }),
      '/api/v1/density': fails,
    });
    expect(html).toContain('<p class="bad" role="alert">GET /api/v1/density failed: the disk has gone.</p>');
    expect(html).not.toContain('No probe has reported.');
    expect(html).toContain('data-row="tracker"');
    expect(html).toContain('No open alarms.');
    expect(defects).toEqual([new Error('the disk has gone')]);
  });

  test('does not look like an answer: no empty list of alarms, and no empty file', async () => {
    const answers = { '/api/v1/alarms': fails, '/api/v1/density': fails, '/api/v1/parts': () => ({ parts: [PART] }) };
    expect((await showPage('/', answers)).html).not.toContain('No open alarms.');
    await expect(showPage('/subdomains', answers, { format: 'csv' })).rejects.toThrow('/api/v1/density failed');
    const parts = await showPage('/', answers, { format: 'json', table: 'parts' });
    expect(JSON.parse(parts.html)).toMatchObject({ parts: [{ part: 'tracker' }] });
  });

  test.each(PAGES.map(({ path }) => path))('does not take %s down', async (path) => {
    const query = { name: 'www.original.lab', client: '127.1.0.1', infoHash: HASH, ip: '127.1.0.1' };
    const { html } = await showPage(path, ALL_FAIL, query, PARAMS);
    expect(html).toMatch(/<p data-cell="failed calls"[^>]*>GET \/api\/v1\//);
    expect(html).toContain('failed: the disk has gone.');
    expect(html.match(/No \w+ (?:has|is|have)|switched off|does not measure/g)).toBeNull();
  });

  test('says in a line what is not as documented, for any number of rows', async () => {
    const parts = Array.from({ length: 50 }, () => ({ ...PART, colour: 'blue' }));
    const { html, defects } = await showPage('/', { '/api/v1/parts': () => ({ parts }) });
    expect(html).toContain('/api/v1/parts failed: its answer is not as documented: parts.0: Unrecognized key');
    expect(String(defects[0]).length).toBeLessThan(200);
  });

  test('is not a wrong question of the reader, which is answered as one', async () => {
    const refuse = () => {
      throw new Problem('bad-request', 'from: after to');
    };
    await expect(showPage('/savings', { '/api/v1/savings': refuse })).rejects.toThrow('from: after to');
  });
});
