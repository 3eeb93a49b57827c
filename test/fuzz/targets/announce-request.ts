/** Heads of HTTP requests with an announce in them: the reader of usual announces and the general ones agree. */
import type { Random } from '../../../src/domain/random.js';
import { AnnounceRequest } from '../../../src/tracker/announce-request.js';
import { AnnounceQueryScratch, parseAnnounceQuery, QUERY_FINE } from '../../../src/wire/announce-query.js';
import {
  HEAD_COMPLETE,
  HEAD_INCOMPLETE,
  HttpRequestHead,
  parseHeaderLines,
  parseHttpRequestHead,
} from '../../../src/wire/http-request-head.js';
import { parseScrapeQuery, SCRAPE_BAD_HASH } from '../../../src/wire/scrape-query.js';
import { NOT_USUAL, readUsualAnnounce } from '../../../src/wire/usual-announce.js';
import { bytesOf, type FuzzTarget, holds, pick, sometimes } from '../fuzz-target.js';

const MAX_HEAD_BYTES = 8_192;
const MAX_SCRAPE_HASHES = 74;
const ID = '%00%ff%1A%2fabcdefghijklmnop';
/** The input lies among other bytes, as in a receive buffer. */
const MARGIN = 24;

export const announceRequest: FuzzTarget = {
  name: 'announce-request',
  about:
    'HTTP request heads, announce and scrape queries: fast and general reader agree; cutting the bytes changes nothing',
  words: [
    'GET /announce?',
    '&info_hash=',
    '&peer_id=',
    '&port=',
    '&left=',
    '%',
    '&',
    '=',
    ' HTTP/1.1\r\n',
    '\r\n\r\n',
    '\n\n',
    'Content-Length: 1',
    'X-Forwarded-For: ',
    'Connection: close',
    '?',
    '#',
    'http://x',
  ],
  create: () => ({ make: makeRequest, run: runRequest }),
};

export function makeRequest(random: Random): Uint8Array {
  const value = (): string =>
    pick(
      random,
      sometimes(random, 6)
        ? ['65536', '-1', '', '9'.repeat(20), 'x', '%31', '1e3']
        : ['0', '1', '6881', '123456789012'],
    );
  const parts = [
    `info_hash=${sometimes(random, 12) ? 'short' : pick(random, [ID, 'a'.repeat(20), '%41'.repeat(20)])}`,
    `peer_id=${sometimes(random, 12) ? '' : pick(random, [ID, '-TR4050-abcdefghijkl'])}`,
    `port=${sometimes(random, 6) ? value() : 6881}`,
    ...[
      'uploaded',
      'downloaded',
      'left',
      'numwant',
      'compact',
      'no_peer_id',
      'key',
      'supportcrypto',
      'ip',
      'event',
      'x',
    ]
      .filter(() => sometimes(random, 2))
      .map(
        (name) =>
          `${name}=${name === 'event' ? pick(random, ['started', 'stopped', 'completed', 'paused', '']) : value()}`,
      ),
    ...(sometimes(random, 8) ? ['flag', '=', 'a=b=c', 'info_hash='] : []),
  ];
  if (sometimes(random, 3)) parts.reverse();
  const target = pick(random, [
    '/announce',
    '/announce',
    '/announce',
    '/scrape',
    '/announce.php',
    '/x/announce',
    'http://t.example/announce',
  ]);
  const headers = [
    'Host: t.example',
    'User-Agent: x',
    'Connection: close',
    'Connection: Keep-Alive',
    'X-Forwarded-For: 1.2.3.4, ::1',
    'Content-Length: 0',
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'Accept-Encoding : gzip',
    ' folded',
  ];
  const lines = headers.filter(() => sometimes(random, 4)).map((line) => `${line}\r\n`);
  const method = pick(random, ['GET', 'GET', 'GET', 'HEAD', 'POST', 'get']);
  return bytesOf(`${method} ${target}?${parts.join('&')} HTTP/1.${random.below(2)}\r\n${lines.join('')}\r\n`, 'latin1');
}

function runRequest(input: Uint8Array): string {
  const surrounded = new Uint8Array(input.length + 2 * MARGIN).fill(0x0a);
  surrounded.set(input, MARGIN);
  const end = MARGIN + input.length;
  const general = readGenerally(surrounded, end);
  checkUsual(surrounded, end, general);
  checkCuts(surrounded, end, general);
  const { state, head, problem } = general;
  if (state !== HEAD_COMPLETE) return state === HEAD_INCOMPLETE ? 'incomplete' : 'refused head';
  for (const offset of [head.pathStart, head.pathEnd, head.queryStart, head.queryEnd]) {
    holds(offset >= MARGIN && offset <= end, 'offsets lie in the input');
  }
  holds(head.pathStart <= head.pathEnd && head.queryStart <= head.queryEnd, 'offsets are in order');
  holds(head.headBytes > 0 && head.headBytes <= input.length, 'the length of the head is within the input');
  const hashes = new Uint8Array(20 * MAX_SCRAPE_HASHES);
  const count = parseScrapeQuery(surrounded, head.queryStart, head.queryEnd, hashes);
  holds(
    count === SCRAPE_BAD_HASH || (count >= 0 && count <= MAX_SCRAPE_HASHES),
    'a scrape has a bounded number of hashes',
  );
  return problem === QUERY_FINE ? 'announce' : 'refused query';
}

interface General {
  readonly state: number;
  readonly problem: number;
  readonly head: HttpRequestHead;
  readonly fields: AnnounceRequest;
  readonly scratch: AnnounceQueryScratch;
}

function readGenerally(bytes: Uint8Array, end: number): General {
  const head = new HttpRequestHead();
  const fields = new AnnounceRequest();
  const scratch = new AnnounceQueryScratch();
  const state = parseHttpRequestHead(bytes, MARGIN, end - MARGIN, MAX_HEAD_BYTES, head);
  const problem =
    state === HEAD_COMPLETE ? parseAnnounceQuery(bytes, head.queryStart, head.queryEnd, fields, scratch) : -1;
  return { state, problem, head, fields, scratch };
}

function checkUsual(bytes: Uint8Array, end: number, general: General): void {
  const head = new HttpRequestHead();
  const fields = new AnnounceRequest();
  const scratch = new AnnounceQueryScratch();
  const at = readUsualAnnounce(bytes, MARGIN, end, head, fields, scratch);
  if (at === NOT_USUAL) return;
  const state = parseHeaderLines(bytes, MARGIN, at, end - MARGIN, MAX_HEAD_BYTES, head);
  holds(state === general.state, 'both readers take the head the same', () => `${state} ≠ ${general.state}`);
  if (state !== HEAD_COMPLETE) return;
  holds(general.problem === QUERY_FINE, 'what is usual is right', () => String(general.problem));
  const seen = (head: HttpRequestHead, fields: AnnounceRequest, scratch: AnnounceQueryScratch): string => {
    // What else the scratch holds is room to work in.
    const { ids, compact, noPeerId, ipStart, ipEnd } = scratch;
    return JSON.stringify([head, { ...fields, bytes: 0 }, [...ids], compact, noPeerId, ipStart, ipEnd]);
  };
  const usual = seen(head, fields, scratch);
  const generally = seen(general.head, general.fields, general.scratch);
  holds(usual === generally, 'both readers read the same', () => `${usual} ≠ ${generally}`);
}

/** A head that comes in pieces is read the same once it is whole. */
function checkCuts(bytes: Uint8Array, end: number, general: General): void {
  if (general.state !== HEAD_COMPLETE) return;
  const whole = MARGIN + general.head.headBytes;
  for (let cut = MARGIN; cut < whole; cut += cut < MARGIN + 40 ? 7 : 61) {
    const { state } = readGenerally(bytes, cut);
    holds(state === HEAD_INCOMPLETE, 'a part of a good head waits for the rest', () => `at ${cut - MARGIN}: ${state}`);
  }
  if (whole === end) return;
  const alone = readGenerally(bytes, whole);
  holds(alone.state === HEAD_COMPLETE && alone.problem === general.problem, 'what follows a head does not change it');
}
