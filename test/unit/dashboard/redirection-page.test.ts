/** The page of the redirected names: their pages, and what a pause does. */
import { expect, test } from 'vitest';
import { showPage } from './page-fixture.js';

const nameOf = (i: number) => `site${String(i).padStart(3, '0')}.example`;
const names = Array.from({ length: 150 }, (_, i) => ({
  name: nameOf(i),
  target: 'mirror',
  active: false,
  problem: 'redirection is paused until resumed',
  addresses: ['203.0.113.1'],
  health: [],
  ttlSeconds: 30,
}));
const answers = {
  '/api/v1/redirections': () => ({
    mode: 'redirect',
    off: { text: 'redirection is paused until resumed', until: null },
    drills: [],
    redirections: names,
  }),
  '/api/v1/redirections/test': () => ({
    name: nameOf(1),
    client: '203.0.113.9',
    redirected: false,
    addresses: [],
    because: 'percent',
  }),
};

test('has a hundred names on each page, also in its files', async () => {
  const { html } = await showPage('/redirection', answers);
  expect(html.match(/data-list="names"/g)).toHaveLength(100);
  expect(html).toContain('Page 1 of 2');
  expect(html).toContain('Nothing is redirected: redirection is paused until resumed.');
  const second = await showPage('/redirection', answers, { page: '2' });
  expect(second.html.match(/data-list="names"/g)).toHaveLength(50);
  expect(second.html).toContain('page=2&amp;format=csv&amp;table=names');
  const { html: csv } = await showPage('/redirection', answers, { page: '2', format: 'csv', table: 'names' });
  expect(csv).toContain(`${nameOf(149)},`);
  expect(csv).not.toContain(`${nameOf(99)},`);
});

test('says why a client gets the original', async () => {
  const { html } = await showPage('/redirection', answers, { name: nameOf(1), client: '203.0.113.9' });
  expect(html).toContain(
    `203.0.113.9 gets the addresses of the original of ${nameOf(1)}: dnsRedirect.percent does not choose this client.`,
  );
});
