/** What each kind of user must get from a resolver that redirects, and a matrix of it. */
import type { Endpoint } from '../../../src/net/endpoint.js';
import { eventually } from '../eventually.js';
import { ask } from './ask.js';
import { ORIGINAL } from './daemons.js';

/** Networks of loopback stand for those of an operator. */
export const CLIENTS = '127.1.0.0/16';
export const INNER = '127.1.0.5';
export const EXEMPT = '127.1.0.101';
export const STRANGER = '127.2.0.5';
export const MIRROR = { A: '203.0.113.20', AAAA: '2001:db8:100::20' };
export const TRACKER = '203.0.113.21';

/** Question → answer, for each row of the matrix that every resolver must have right. */
const ROWS: readonly (readonly [row: string, (server: Endpoint) => Promise<string>, expected: string])[] = [
  ['A', (at) => ask(at, 'popular.example', 'A', { from: INNER }), MIRROR.A],
  ['AAAA', (at) => ask(at, 'popular.example', 'AAAA', { from: INNER }), MIRROR.AAAA],
  ['A of www.', (at) => ask(at, 'www.popular.example', 'A', { from: INNER }), MIRROR.A],
  ['A of a tracker', (at) => ask(at, 'tracker.popular.example', 'A', { from: INNER }), TRACKER],
  ['AAAA of a tracker that has none', (at) => ask(at, 'tracker.popular.example', 'AAAA', { from: INNER }), 'NODATA'],
  ['HTTPS', (at) => ask(at, 'popular.example', 'HTTPS', { from: INNER }), 'NODATA'],
  ['MX', (at) => ask(at, 'popular.example', 'MX', { from: INNER }), ORIGINAL.MX],
  ['TXT', (at) => ask(at, 'popular.example', 'TXT', { from: INNER }), ORIGINAL.TXT],
  ['DS of an unsigned name', (at) => ask(at, 'popular.example', 'DS', { from: INNER }), 'NODATA'],
  ['a name below', (at) => ask(at, 'mail.popular.example', 'A', { from: INNER }), ORIGINAL.neighbour],
  ['A for a client that opted out', (at) => ask(at, 'popular.example', 'A', { from: EXEMPT }), ORIGINAL.A],
  ['A for a client outside `clients`', (at) => ask(at, 'popular.example', 'A', { from: STRANGER }), ORIGINAL.A],
  // Again, now that the others' answers are cached.
  ['A beside cached answers of others', (at) => ask(at, 'popular.example', 'A', { from: INNER }), MIRROR.A],
];

export type Matrix = Map<string, Map<string, string>>;

export function note(matrix: Matrix, row: string, daemon: string, cell: string): void {
  matrix.set(row, (matrix.get(row) ?? new Map()).set(daemon, cell));
}

/**
 * @param known rows that this daemon cannot do, with what it answers instead
 * @returns rows with another answer than is expected or known
 */
export async function checkRows(
  matrix: Matrix,
  daemon: string,
  server: Endpoint,
  known: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [row, question, expected] of ROWS) {
    const answer = await question(server);
    note(matrix, row, daemon, answer === expected ? 'yes' : `no: ${answer}`);
    if (answer !== (known[row] ?? expected))
      wrong.push(`${daemon}, ${row}: ${answer}, expected ${known[row] ?? expected}`);
  }
  return wrong;
}

/** Waits until an inner client gets this. @returns how long that took, for people: never asserted */
export async function becomes(server: Endpoint, name: string, expected: string, since: number): Promise<string> {
  let found = '';
  await eventually(
    `${name} becomes ${expected}`,
    async () => {
      found = await ask(server, name, 'A', { from: INNER });
      return found === expected;
    },
    { found: () => found },
  );
  return `${((performance.now() - since) / 1_000).toFixed(2)} s`;
}

/** As a table of Markdown. */
export function formatMatrix(matrix: Matrix): string {
  const daemons = [...new Set([...matrix.values()].flatMap((row) => [...row.keys()]))];
  const lines = [...matrix].map(
    ([row, cells]) => `| ${row} | ${daemons.map((each) => cells.get(each) ?? '-').join(' | ')} |`,
  );
  return [`| | ${daemons.join(' | ')} |`, `|---|${daemons.map(() => '---|').join('')}`, ...lines].join('\n');
}
