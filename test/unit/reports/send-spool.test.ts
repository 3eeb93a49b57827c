import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ControlCallError } from '../../../src/control-api/control-client.js';
import { ReportSpool } from '../../../src/reports/client/report-spool.js';
import { SpoolSender } from '../../../src/reports/client/send-spool.js';

let directory: string;
let spool: ReportSpool;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-spool-'));
  spool = new ReportSpool(directory);
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** A tracker that answers by `decide` and remembers what it took. */
function tracker(decide: (reports: number[]) => ControlCallError | undefined) {
  const taken: number[] = [];
  const notices: string[] = [];
  const post = async (_path: string, json: unknown): Promise<unknown> => {
    const reports = Array.isArray(json) ? (json as number[]) : [json as number];
    const error = decide(reports);
    if (error !== undefined) throw error;
    taken.push(...reports);
    return {};
  };
  const sender = new SpoolSender({ spool, client: { post }, onNotice: (line) => notices.push(line) });
  return { taken, notices, sender };
}
const AWAY = new ControlCallError('does not answer', { code: 'unreachable' });
const REFUSED = new ControlCallError('the tracker answers 403: no', { code: 'forbidden', status: 403 });
const WRONG_TOKEN = new ControlCallError('the tracker answers 401: no', { code: 'unauthorised', status: 401 });

describe('the spool', () => {
  test('goes out by rising number, many at a time, and is empty then', async () => {
    for (const number of [12, 3, 250, 1]) await spool.add(number, number);
    const { sender, taken } = tracker(() => undefined);
    expect(await sender.send()).toBe(true);
    expect(taken).toEqual([1, 3, 12, 250]);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('keeps everything while the tracker is away', async () => {
    await spool.add(1, 1);
    let away = true;
    const { sender, taken, notices } = tracker(() => (away ? AWAY : undefined));
    expect(await sender.send()).toBe(false);
    expect(await sender.send()).toBe(false);
    expect(notices.map((line) => /next try in (\d+) s/.exec(line)?.[1])).toEqual(['1', '2']);
    away = false;
    expect(await sender.send()).toBe(true);
    expect(taken).toEqual([1]);
  });

  test('sets aside what is refused for good, and sends the rest', async () => {
    for (const number of [1, 2, 3]) await spool.add(number, number);
    const { sender, taken } = tracker((reports) => (reports.includes(2) ? REFUSED : undefined));
    expect(await sender.send()).toBe(true);
    expect(taken).toEqual([1, 3]);
    expect(readdirSync(directory)).toEqual(['000000000000002.json.refused']);
  });

  test('a wrong token loses nothing', async () => {
    await spool.add(1, 1);
    const { sender } = tracker(() => WRONG_TOKEN);
    expect(await sender.send()).toBe(false);
    expect(readdirSync(directory)).toEqual(['000000000000001.json']);
  });

  test('a file that is damaged does not block it', async () => {
    writeFileSync(join(directory, '000000000000001.json'), '{"half');
    await spool.add(2, 2);
    const { sender, taken } = tracker(() => undefined);
    expect(await sender.send()).toBe(true);
    expect(taken).toEqual([2]);
    expect(readdirSync(directory)).toEqual(['000000000000001.json.broken']);
  });

  test('a directory that cannot be written is reported with what to do', async () => {
    writeFileSync(join(directory, 'file'), '');
    await expect(new ReportSpool(join(directory, 'file')).add(1, 1)).rejects.toThrow('--spool');
  });
});
