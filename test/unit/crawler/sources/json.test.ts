import { describe, expect, it } from 'vitest';
import { type JsonFields, parseJsonList } from '../../../../src/crawler/sources/json.js';
import { ClientError, OperatorError } from '../../../../src/domain/errors.js';

const context = { source: 'api', baseUrl: 'https://api.example/v1/list', nowMs: Date.UTC(2026, 10, 22) };
const hash = 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36';
const read = (value: unknown, fields: JsonFields, withPage = false) =>
  parseJsonList(typeof value === 'string' ? value : JSON.stringify(value), fields, context, withPage);

describe('JSON APIs', () => {
  it('of UNIT3D', () => {
    const answer = {
      data: [
        {
          type: 'torrent',
          id: '7',
          attributes: {
            name: 'A',
            category: 'Linux',
            size: 1_000,
            info_hash: hash,
            seeders: 12,
            leechers: 3,
            times_completed: 40,
            created_at: '2026-11-21T10:00:00.000000Z',
            download_link: 'https://api.example/torrent/download/7.key',
            details_link: 'https://api.example/torrents/7',
          },
        },
      ],
      links: { next: 'https://api.example/v1/list?page=2', prev: null },
      meta: { per_page: 25 },
    };
    expect(
      read(answer, {
        items: 'data',
        nextPage: 'links.next',
        title: 'attributes.name',
        link: 'attributes.download_link',
        infoHash: 'attributes.info_hash',
        page: 'attributes.details_link',
        seeds: 'attributes.seeders',
        leechers: 'attributes.leechers',
        downloads: 'attributes.times_completed',
        size: 'attributes.size',
        categoryField: 'attributes.category',
        published: 'attributes.created_at',
      }),
    ).toEqual({
      nextPage: 'https://api.example/v1/list?page=2',
      candidates: [
        {
          source: 'api',
          title: 'A',
          infoHash: hash,
          torrentUrls: ['https://api.example/torrent/download/7.key'],
          magnet: undefined,
          pageUrl: 'https://api.example/torrents/7',
          seeds: 12,
          leechers: 3,
          downloads: 40,
          bytes: 1_000,
          category: 'Linux',
          publishedMs: Date.UTC(2026, 10, 21, 10),
        },
      ],
    });
  });

  it('of Gazelle, whose torrents are in groups', () => {
    const answer = {
      status: 'success',
      response: {
        results: [
          {
            groupId: 5,
            groupName: 'Group',
            torrents: [
              { torrentId: 8, seeders: 4, leechers: 1, snatches: 9, size: 500 },
              { torrentId: 9, seeders: 2 },
            ],
          },
          { groupId: 6, groupName: 'Other', torrents: [] },
        ],
      },
    };
    const { candidates } = read(answer, {
      items: 'response.results[].torrents[]',
      title: '^.groupName',
      link: '/ajax.php?action=download&id={torrentId}',
      page: '/torrents.php?id={^.groupId}&torrentid={torrentId}',
      seeds: 'seeders',
      leechers: 'leechers',
      downloads: 'snatches',
      size: 'size',
    });
    expect(candidates).toMatchObject([
      {
        title: 'Group',
        torrentUrls: ['https://api.example/ajax.php?action=download&id=8'],
        pageUrl: 'https://api.example/torrents.php?id=5&torrentid=8',
        seeds: 4,
        downloads: 9,
      },
      { title: 'Group', torrentUrls: ['https://api.example/ajax.php?action=download&id=9'], seeds: 2 },
    ]);
  });

  it('of JSON Feed, whose torrent is one of several attachments', () => {
    const answer = {
      version: 'https://jsonfeed.org/version/1.1',
      items: [
        {
          id: '1',
          url: 'https://api.example/1',
          title: 'T',
          date_published: '2026-11-21T10:00:00Z',
          tags: ['linux', 'iso'],
          attachments: [
            { url: '/1.png', mime_type: 'image/png' },
            { url: '/1', mime_type: 'application/x-bittorrent', size_in_bytes: 900 },
          ],
        },
      ],
    };
    const { candidates } = read(answer, {
      items: 'items',
      title: 'title',
      page: 'url',
      link: 'attachments[mime_type=application/x-bittorrent].url',
      published: 'date_published',
      categoryField: 'tags',
    });
    expect(candidates).toMatchObject([
      { title: 'T', torrentUrls: ['https://api.example/1'], pageUrl: 'https://api.example/1', category: 'linux' },
    ]);
  });

  it('of the Internet Archive’s advanced search', () => {
    const answer = {
      response: {
        numFound: 1,
        docs: [
          {
            identifier: 'a b',
            title: ['T'],
            downloads: 1234,
            item_size: 5_000,
            btih: hash,
            publicdate: '2026-11-21T10:00:00Z',
          },
        ],
      },
    };
    const { candidates } = read(answer, {
      items: 'response.docs',
      title: 'title',
      link: 'https://archive.example/download/{identifier}/{identifier}_archive.torrent',
      page: 'https://archive.example/details/{identifier}',
      infoHash: 'btih',
      downloads: 'downloads',
      size: 'item_size',
      published: 'publicdate',
    });
    expect(candidates).toMatchObject([
      {
        title: 'T',
        infoHash: hash,
        torrentUrls: ['https://archive.example/download/a%20b/a%20b_archive.torrent'],
        downloads: 1_234,
        bytes: 5_000,
      },
    ]);
  });

  it('of lists at the top, of objects by key, and of keys with dots', () => {
    expect(read([{ hash }], { items: '.', infoHash: 'hash' }).candidates).toHaveLength(1);
    expect(read([{ hash }], { items: '$', infoHash: 'hash' }).candidates).toHaveLength(1);
    expect(
      read({ t: { 1: { 'a.b': hash }, 2: { 'a.b': hash } } }, { items: 't[]', infoHash: '["a.b"]' }).candidates,
    ).toHaveLength(2);
    expect(read({ rows: [[1, hash]] }, { items: 'rows', infoHash: '[1]' }).candidates).toHaveLength(1);
  });

  it('do not lead to what objects inherit', () => {
    expect(
      read([{ hash }], { items: '$', infoHash: 'hash', title: 'constructor.name' }).candidates[0]?.title,
    ).toBeUndefined();
    expect(
      read(`[{"__proto__":{"x":"y"},"hash":"${hash}"}]`, { items: '$', infoHash: 'hash', title: 'x' }).candidates[0]
        ?.title,
    ).toBeUndefined();
  });

  it('with nothing in them are the end of a list; with nothing usable they are an error', () => {
    const fields = { items: 'data.list[].torrents', infoHash: 'hash' };
    expect(read({ data: { list: [] } }, fields).candidates).toEqual([]);
    expect(read({ data: { list: [{ torrents: [] }] } }, fields).candidates).toEqual([]);
    expect(() => read({ error: 'key' }, fields)).toThrow(/nothing at items: data\.list/);
    expect(() => read({ data: { list: [{ torrents: [{ id: 1 }] }] } }, fields)).toThrow(/of its 1 item none/);
    expect(() => read('<html>', fields)).toThrow(ClientError);
    expect(() => read({}, { items: 'a[[', infoHash: 'x' })).toThrow(OperatorError);
  });
});
