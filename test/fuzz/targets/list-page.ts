/** HTML list pages of torrents, read by CSS selectors. */
import { documentTasks } from '../../../src/crawler/document-tasks.js';
import { ClientError } from '../../../src/domain/errors.js';
import type { Random } from '../../../src/domain/random.js';
import { attempt, bytesOf, type FuzzTarget, pick } from '../fuzz-target.js';
import { checkCandidate } from './check-candidate.js';

const SELECTORS = {
  item: 'tr.row',
  link: 'a[href*=".torrent"], a[href^="magnet:"]',
  seeds: '.s',
  leechers: '.l',
  title: '.t',
  size: '@data-size',
  nextPage: 'a.next',
};

export const listPage: FuzzTarget = {
  name: 'list-page',
  about: 'HTML list pages: candidates with usable links and counts, or a clear error',
  words: [
    '<tr class="row">',
    '</tr>',
    '<a href="x.torrent">',
    '<base href="http://b.example/">',
    '<b>',
    '<p>',
    '<table>',
    '<select>',
    '<svg>',
    '<template>',
    '<!--',
    '<script>',
    '<plaintext>',
    '&nbsp',
    '<meta charset=utf-16>',
  ],
  create: () => ({ make: makePage, run: runPage }),
};

function makePage(random: Random): Uint8Array {
  const rows = Array.from({ length: random.below(5) }, (_, i) => {
    const link = pick(random, [
      `/f${i}.torrent`,
      `magnet:?xt=urn:btih:${'ef'.repeat(20)}`,
      'http://o.example/x.torrent',
      'page',
    ]);
    return `<tr class="row"><td class=t>name ${i}</td><td><a href="/page/${i}">p</a><a href="${link}">get</a></td><td class=s>1,${random.below(999)}</td><td class=l>${pick(random, ['7', '', '-1', '9e9'])}</td></tr>`;
  });
  const base = pick(random, [
    '',
    '<base href="/sub/">',
    '<base href="javascript:x">',
    '<base href="http://other.example/">',
  ]);
  return bytesOf(`<!doctype html><html><head>${base}</head><body><table>${rows.join('')}</table></body></html>`);
}

function runPage(input: Uint8Array): string {
  const document = {
    bytes: input,
    contentType: 'text/html',
    url: 'http://site.example/list',
    source: 'site',
    nowMs: Date.UTC(2026, 10, 30),
    fields: SELECTORS,
    withPage: false,
  };
  const details = attempt(() => documentTasks.detailsPage(document), ClientError);
  if (details.refused === undefined && details.value !== undefined) checkCandidate(details.value, 'site');
  const read = attempt(() => documentTasks.listPage(document), ClientError);
  if (read.refused !== undefined) return 'refused';
  for (const candidate of read.value.candidates) checkCandidate(candidate, 'site');
  return 'candidates';
}
