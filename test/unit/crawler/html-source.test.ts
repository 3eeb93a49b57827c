import { describe, expect, it } from 'vitest';
import { parseListPage } from '../../../src/crawler/html-source.js';
import { ClientError, OperatorError } from '../../../src/domain/errors.js';

const base = 'https://site.example/top/';
const selectors = { item: 'tr.row', link: 'a.download', seeds: '.s', leechers: '.l' };
const hash = 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36';

describe('list pages', () => {
  it('reads rows by the operator’s selectors', () => {
    const page = `<table><tr><th>Name</th></tr>
      <tr class="row"><td><a href="/view/1">  The
        first </a></td><td><a class="download" href="get/1.torrent?k=a&amp;b=2">dl</a></td><td class="s">1.2k</td><td class="l">34</td></tr>
      <tr class="row"><td>Second</td><td><a class="download" href="magnet:?xt=urn:btih:${hash}">m</a></td><td class="s">-</td></tr>
      <tr class="row"><td>nothing to get</td></tr></table>`;
    expect(parseListPage(page, selectors, base, 'site')).toEqual([
      {
        source: 'site',
        title: 'The first',
        torrentUrls: ['https://site.example/top/get/1.torrent?k=a&b=2'],
        magnet: undefined,
        pageUrl: 'https://site.example/view/1',
        seeds: 1200,
        leechers: 34,
      },
      {
        source: 'site',
        title: 'm',
        torrentUrls: [],
        magnet: `magnet:?xt=urn:btih:${hash}`,
        pageUrl: undefined,
        seeds: undefined,
        leechers: undefined,
      },
    ]);
  });

  it('takes title and page from selectors of their own, and the document’s base', () => {
    const page = `<base href="https://cdn.example/x/"><div class="i"><h3>T</h3><a href="/ad">ad</a><a class="p" href="p1">p</a><a class="d" href="1.torrent">d</a></div>`;
    expect(parseListPage(page, { item: '.i', link: '.d', title: 'h3', page: '.p' }, base, 'site')[0]).toMatchObject({
      title: 'T',
      torrentUrls: ['https://cdn.example/x/1.torrent'],
      pageUrl: 'https://cdn.example/x/p1',
    });
  });

  it('takes selectors that begin with a combinator, or say which of several, within the row', () => {
    const page = `<div class="list"><div class="i"><b>1</b><p><a href="2">n</a></p><a href="a.torrent">x</a><b>7</b></div></div>`;
    const within = { item: '.list > .i', link: '> a', page: '> p a', seeds: 'b:last-of-type', leechers: 'b:first' };
    expect(parseListPage(page, within, base, 'site')[0]).toMatchObject({
      torrentUrls: [`${base}a.torrent`],
      pageUrl: `${base}2`,
      seeds: 7,
      leechers: 1,
    });
    // What lies around the row is not within it.
    expect(() => parseListPage(page, { item: '.i', link: '.list a' }, base, 'site')).toThrow(/no item holds a link/);
  });

  it('looks at each of very many elements side by side once', () => {
    // Compared with each other, these would take minutes.
    const many = '<br>'.repeat(100_000);
    const page = `${many}<table><tr class="row"><td><a class="download" href="1.torrent">t</a>${many}</td></tr></table>`;
    expect(parseListPage(page, selectors, base, 'site')).toHaveLength(1);
  });

  it('tells a changed layout from a wrong selector', () => {
    expect(() => parseListPage('<p>hello', selectors, base, 'site')).toThrow(ClientError);
    expect(() => parseListPage('<table><tr class="row"><td>x', selectors, base, 'site')).toThrow(
      /no item holds a link/,
    );
    expect(() => parseListPage('<p>x', { item: 'p[[', link: 'a' }, base, 'site')).toThrow(OperatorError);
  });
});
