import { describe, expect, it } from 'vitest';
import { type ListSelectors, parseDetailsPage, parseListPage } from '../../../../src/crawler/sources/list-page.js';
import { ClientError, OperatorError } from '../../../../src/domain/errors.js';

const base = 'https://site.example/top/';
const context = { source: 'site', baseUrl: base, nowMs: Date.UTC(2026, 10, 22) };
const read = (page: string, selectors: ListSelectors) => parseListPage(page, selectors, context, false).candidates;
const selectors = { item: 'tr.row', link: 'a.download', seeds: '.s', leechers: '.l' };
const hash = 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36';

describe('list pages', () => {
  it('reads rows by the operator’s selectors', () => {
    const page = `<table><tr><th>Name</th></tr>
      <tr class="row"><td><a href="/view/1">  The
        first </a></td><td><a class="download" href="get/1.torrent?k=a&amp;b=2">dl</a></td><td class="s">1.2k</td><td class="l">34</td></tr>
      <tr class="row"><td>Second</td><td><a class="download" href="magnet:?xt=urn:btih:${hash}">m</a></td><td class="s">-</td></tr>
      <tr class="row"><td>nothing to get</td></tr></table>`;
    expect(read(page, selectors)).toEqual([
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
    expect(read(page, { item: '.i', link: '.d', title: 'h3', page: '.p' })[0]).toMatchObject({
      title: 'T',
      torrentUrls: ['https://cdn.example/x/1.torrent'],
      pageUrl: 'https://cdn.example/x/p1',
    });
  });

  it('takes selectors that begin with a combinator, or say which of several, within the row', () => {
    const page = `<div class="list"><div class="i"><b>1</b><p><a href="2">n</a></p><a href="a.torrent">x</a><b>7</b></div></div>`;
    const within = { item: '.list > .i', link: '> a', page: '> p a', seeds: 'b:last-of-type', leechers: 'b:first' };
    expect(read(page, within)[0]).toMatchObject({
      torrentUrls: [`${base}a.torrent`],
      pageUrl: `${base}2`,
      seeds: 7,
      leechers: 1,
    });
    // What lies around the row is not within it.
    expect(() => read(page, { item: '.i', link: '.list a' })).toThrow(/no item holds a link/);
  });

  it('looks at each of very many elements side by side once', () => {
    // Compared with each other, these would take minutes.
    const many = '<br>'.repeat(100_000);
    const page = `${many}<table><tr class="row"><td><a class="download" href="1.torrent">t</a>${many}</td></tr></table>`;
    expect(read(page, selectors)).toHaveLength(1);
  });

  it('tells a changed layout from a wrong selector', () => {
    expect(() => read('<p>hello', selectors)).toThrow(ClientError);
    expect(() => read('<table><tr class="row"><td>x', selectors)).toThrow(/no item holds a link/);
    expect(() => read('<p>x', { item: 'p[[', link: 'a' })).toThrow(OperatorError);
  });

  it('reads attributes, counts in words, and further fields', () => {
    const page = `<ul><li data-hash="${hash.toUpperCase()}" data-get="/t/1"><b title="Full name">Short…</b><i data-n="7">7 of 9</i><u>12 seeder(s)</u>
      <s>3 leechers</s><em>1.5 GiB</em><time datetime="2026-11-21T10:00:00Z">yesterday</time><a href="/c/linux">Linux</a></li></ul>`;
    expect(
      read(page, {
        item: 'li',
        link: '@data-get',
        infoHash: '@data-hash',
        title: 'b@title',
        seeds: 'u',
        leechers: 's',
        downloads: 'i@data-n',
        size: 'em',
        published: 'time@datetime',
        categoryField: 'a[href^="/c/"]',
        page: 'a[href*="@"]',
      })[0],
    ).toEqual({
      source: 'site',
      title: 'Full name',
      infoHash: hash,
      torrentUrls: ['https://site.example/t/1'],
      magnet: undefined,
      pageUrl: undefined,
      seeds: 12,
      leechers: 3,
      downloads: 7,
      bytes: 1_610_612_736,
      category: 'Linux',
      publishedMs: Date.UTC(2026, 10, 21, 10),
    });
  });

  it('finds torrent files and magnet links where no selector says which links they are', () => {
    const page = `<p><a href="/view">n</a><a href="/a.torrent?x">t</a><a href="magnet:?xt=urn:btih:${hash}">m</a></p>`;
    expect(read(page, { item: 'p' })[0]).toMatchObject({
      title: 'n',
      torrentUrls: ['https://site.example/a.torrent?x'],
      magnet: `magnet:?xt=urn:btih:${hash}`,
      pageUrl: 'https://site.example/view',
    });
  });

  it('gives the next page, and items that lead to a page alone if these are asked for', () => {
    const page = '<p><a href="/view/1">n</a></p><a class="next" href="?page=2">next</a>';
    const selectorsOfPages = { item: 'p', nextPage: 'a.next' };
    expect(parseListPage(page, selectorsOfPages, context, true)).toMatchObject({
      candidates: [{ title: 'n', torrentUrls: [], pageUrl: 'https://site.example/view/1' }],
      nextPage: 'https://site.example/top/?page=2',
    });
    expect(() => parseListPage(page, selectorsOfPages, context, false)).toThrow(/no item holds a link/);
  });
});

describe('pages about one torrent', () => {
  it('are read by the same selectors', () => {
    const page = `<h1>Full name</h1><a href="/home">home</a><a href="/d/1.torrent">get</a><p class="s">12</p>`;
    expect(parseDetailsPage(page, { title: 'h1', seeds: '.s' }, context)).toMatchObject({
      title: 'Full name',
      torrentUrls: ['https://site.example/d/1.torrent'],
      pageUrl: base,
      seeds: 12,
    });
    expect(parseDetailsPage('<p>gone', {}, context)).toBeUndefined();
  });
});
