import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyPath, PATH_ANNOUNCE, PATH_SCRAPE } from '../../../src/wire/http-path.js';
import {
  HEAD_COMPLETE,
  HEAD_INCOMPLETE,
  HEAD_MALFORMED,
  HEAD_TOO_LARGE,
  HttpRequestHead,
  METHOD_GET,
  METHOD_HEAD,
  parseHttpRequestHead,
} from '../../../src/wire/http-request-head.js';

interface Vectors {
  readonly complete: readonly ({ readonly name: string; readonly head: string } & Record<string, unknown>)[];
  readonly malformed: readonly { readonly name: string; readonly head: string }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../vectors/http-request-heads.json', import.meta.url), 'utf8'),
);
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.subarray(start, end)).toString('latin1');
const MAX = 8_192;

function parse(text: string, max = MAX) {
  const head = new HttpRequestHead();
  const bytes = latin1(text);
  return { state: parseHttpRequestHead(bytes, 0, bytes.length, max, head), head, bytes };
}

describe('the head of a request', () => {
  it.each(vectors.complete)('is read: $name', ({ name: _, head: text, ...expected }) => {
    const { state, head, bytes } = parse(text);
    expect(state).toBe(HEAD_COMPLETE);
    const call = classifyPath(bytes, head.pathStart, head.pathEnd);
    expect({
      method: head.method === METHOD_GET ? 'GET' : head.method === METHOD_HEAD ? 'HEAD' : 'OTHER',
      path: textOf(bytes, head.pathStart, head.pathEnd),
      query: textOf(bytes, head.queryStart, head.queryEnd),
      keepAlive: head.keepAlive,
      call: call === PATH_ANNOUNCE ? 'announce' : call === PATH_SCRAPE ? 'scrape' : 'other',
    }).toEqual(expected);
    expect(head.headBytes).toBe(bytes.length);
  });

  it.each(vectors.malformed)('is refused: $name', ({ head }) => {
    expect(parse(head).state).toBe(HEAD_MALFORMED);
  });

  it.each(vectors.complete)('is waited for while it is cut short: $name', ({ head }) => {
    for (let length = 0; length < head.length; length++) {
      expect(parse(head.slice(0, length)).state).toBe(HEAD_INCOMPLETE);
    }
  });

  it('ends where its empty line ends, whatever follows', () => {
    const first = 'GET /announce?a HTTP/1.1\r\nHost: x\r\n\r\n';
    const { state, head } = parse(`${first}GET /second HTTP/1.1\r\n\r\n`);
    expect(state).toBe(HEAD_COMPLETE);
    expect(head.headBytes).toBe(first.length);
  });

  it('tells of a body', () => {
    expect(parse('GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n').head.hasBody).toBe(false);
    expect(parse('GET / HTTP/1.1\r\nContent-Length: 12\r\n\r\n').head.hasBody).toBe(true);
    expect(parse('GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n').head.hasBody).toBe(true);
  });

  it('is too large past its limit, ended or not', () => {
    const line = `GET /${'a'.repeat(100)} HTTP/1.1\r\n\r\n`;
    expect(parse(line, line.length).state).toBe(HEAD_COMPLETE);
    expect(parse(line, line.length - 1).state).toBe(HEAD_TOO_LARGE);
    expect(parse('x'.repeat(100), 100).state).toBe(HEAD_TOO_LARGE);
    expect(parse('x'.repeat(99), 100).state).toBe(HEAD_INCOMPLETE);
  });

  it('keeps the last lines of X-Forwarded-For', () => {
    const lines = Array.from({ length: 10 }, (_, i) => `X-Forwarded-For:  192.0.2.${i} \r\n`).join('');
    const { head, bytes } = parse(`GET / HTTP/1.1\r\n${lines}\r\n`);
    expect(head.forwardedForLines).toBe(8);
    expect(textOf(bytes, head.forwardedForStart[7]!, head.forwardedForEnd[7]!)).toBe('192.0.2.9');
    expect(textOf(bytes, head.forwardedForStart[0]!, head.forwardedForEnd[0]!)).toBe('192.0.2.2');
  });

  it('keeps nothing of the head before', () => {
    const head = new HttpRequestHead();
    const long = latin1('POST http://x/announce?q HTTP/1.0\r\nX-Forwarded-For: 1.2.3.4\r\nContent-Length: 3\r\n\r\n');
    parseHttpRequestHead(long, 0, long.length, MAX, head);
    const short = latin1('GET / HTTP/1.1\r\n\r\n');
    parseHttpRequestHead(short, 0, short.length, MAX, head);
    expect(head).toMatchObject({ method: METHOD_GET, keepAlive: true, hasBody: false, forwardedForLines: 0 });
    expect(head.queryEnd - head.queryStart).toBe(0);
  });

  it('gives one of its answers for any bytes, within their bounds', () => {
    const piece = fc.constantFrom(
      'GET ',
      '/',
      'announce',
      '?',
      ' HTTP/1.',
      '1',
      '\r\n',
      '\n',
      ':',
      'connection',
      ' ',
      ',',
      '\0',
      'é',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 30 }), (pieces) => {
        const { state, head, bytes } = parse(pieces.join(''));
        expect([HEAD_INCOMPLETE, HEAD_COMPLETE, HEAD_MALFORMED]).toContain(state);
        if (state !== HEAD_COMPLETE) return;
        expect(head.headBytes).toBeGreaterThan(0);
        expect(head.headBytes).toBeLessThanOrEqual(bytes.length);
        expect(head.pathStart).toBeLessThanOrEqual(head.pathEnd);
        expect(head.queryStart).toBeLessThanOrEqual(head.queryEnd);
        expect(head.queryEnd).toBeLessThanOrEqual(head.headBytes);
      }),
      { numRuns: 2_000 },
    );
  });
});
