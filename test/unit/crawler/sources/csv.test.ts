import { describe, expect, it } from 'vitest';
import { csvRows, parseCsvList } from '../../../../src/crawler/sources/csv.js';
import type { FieldNames } from '../../../../src/crawler/sources/field-names.js';

const context = { source: 'list', baseUrl: 'https://site.example/list.csv', nowMs: Date.UTC(2026, 10, 22) };
const hash = 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36';
const read = (text: string, fields: FieldNames = {}) => parseCsvList(text, fields, context, false);

describe('CSV', () => {
  it('of Academic Torrents needs no names of columns', () => {
    const text = `TYPE,NAME,INFOHASH,SIZEBYTES,MIRRORS,DOWNLOADERS,TIMESCOMPLETED,DATEADDED,DATEMODIFIED\r
Dataset,"Faces, in ""the wild""",${hash.toUpperCase()},5000,12,3,40,2026-11-21 10:00:00,2026-11-21 10:00:00\r\n`;
    expect(read(text)).toEqual([
      {
        source: 'list',
        title: 'Faces, in "the wild"',
        infoHash: hash,
        torrentUrls: [],
        magnet: `magnet:?xt=urn:btih:${hash}&dn=Faces%2C%20in%20%22the%20wild%22`,
        pageUrl: undefined,
        seeds: 12,
        leechers: 3,
        downloads: 40,
        category: 'Dataset',
        bytes: 5_000,
        publishedMs: Date.UTC(2026, 10, 21, 10),
      },
    ]);
  });

  it('takes columns and links by the names that the operator gives', () => {
    const text = `Id;Titel;Quellen\n7;Ein Film;12\n;Ohne;3\n`;
    expect(read(text, { title: 'Titel', link: '/get/{Id}.torrent', seeds: 'Quellen' })).toMatchObject([
      { title: 'Ein Film', torrentUrls: ['https://site.example/get/7.torrent'], seeds: 12 },
    ]);
  });

  it('says which column is missing', () => {
    expect(() => read('a,b\n1,2\n')).toThrow(/names no column/);
    expect(() => read('a,b\n1,2\n', { infoHash: 'hash' })).toThrow(/no column "hash"; its columns are "a", "b"/);
    expect(() => read(`infohash\nx\n`)).toThrow(/of its 1 item none/);
    expect(read('infohash\n')).toEqual([]);
  });

  it.each([
    [
      'a,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a\tb\n"1\n""x""\ty"\t2\n',
      [
        ['a', 'b'],
        ['1\n"x"\ty', '2'],
      ],
    ],
    ['a,b\n\n1,\n', [['a', 'b'], [''], ['1', '']]],
    [
      'a,b\nx"y,"z"w\n',
      [
        ['a', 'b'],
        ['x"y', 'zw'],
      ],
    ],
    ['', []],
  ])('%j', (text, rows) => {
    expect([...csvRows(text)]).toEqual(rows);
  });

  it('refuses a quoted cell without an end, and rows of too many cells', () => {
    expect(() => [...csvRows('a\n"b')]).toThrow(/has no end/);
    expect(() => [...csvRows(','.repeat(2_000))]).toThrow(/more than 1000 cells/);
  });
});
