/**
 * What the dashboard costs a large operator: the time and the size of each page, and the processor time of open pages, with 2,000
 * sub-domains, 500 redirected names, 20,000 torrents in the catalogue and 1,000 swarms.
 *
 *     npm run bench -- dashboard [--subdomains N] [--names N] [--torrents N] [--swarms N] [--rounds N] [--open N] [--seconds N] [--json]
 *
 * `serve` runs in a process of its own. Processor time is given beside the time on the clock: on a machine that does other work,
 * only the first one is ours.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Setting, type Size, startSetting, TOKEN } from './dashboard/setting.js';
import { cpuSeconds } from './process-usage.js';
import { describeMachine, median } from './report.js';

interface PageTimes {
  readonly path: string;
  readonly firstMs: number;
  readonly medianMs: number;
  readonly maxMs: number;
  /** Of one answer, by all threads of `serve`. */
  readonly cpuMs: number;
  readonly bytes: number;
  readonly status: number;
}

interface StreamFigures {
  readonly pages: number;
  /** Of one core. */
  readonly idleShare: number;
  readonly openShare: number;
  readonly bytesPerSecond: number;
  /** Of a small call meanwhile. */
  readonly worstCallMs: number;
}

const CALL_EVERY_MS = 100;

function readOptions() {
  const { values } = parseArgs({
    options: {
      subdomains: { type: 'string', default: '2000' },
      names: { type: 'string', default: '500' },
      torrents: { type: 'string', default: '20000' },
      swarms: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '5' },
      open: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '20' },
      json: { type: 'boolean', default: false },
    },
  });
  const { json, ...texts } = values;
  const numbers = Object.entries(texts).map(([name, text]) => {
    if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`--${name} is a whole number, not "${text}"`);
    return [name, Number(text)] as const;
  });
  return { json, ...(Object.fromEntries(numbers) as Record<keyof typeof texts, number>) };
}

function pathsOf({ infoHash, subdomain, probe }: Setting): string[] {
  return [
    ...['/', '/?range=30d', '/torrents', '/torrents?q=linux', '/torrents?show=announced', `/torrents/${infoHash}`],
    ...['/subdomains', '/subdomains?q=pop-1', `/subdomains/${subdomain}`, '/probes', `/probes/${probe}`],
    ...['/redirection', '/redirection?page=5', '/upstream', '/savings', '/savings?range=30d'],
    ...[`/explain?infoHash=${infoHash}&ip=127.1.0.1`, '/explain?infoHash=linux&ip=127.1.0.1', '/log', '/log?range=30d'],
  ];
}

const HEADERS = { authorization: `Bearer ${TOKEN}`, accept: 'text/html' };

function get(url: string): Promise<{ status: number; bytes: number }> {
  return new Promise((resolve, reject) => {
    request(url, { headers: HEADERS }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes }));
    })
      .on('error', reject)
      .end();
  });
}

function cpuMsOf({ child }: Setting): number {
  const { user, system } = cpuSeconds(child.pid!);
  return (user + system) * 1_000;
}

async function measurePage(setting: Setting, path: string, rounds: number): Promise<PageTimes> {
  const times: number[] = [];
  let last = { status: 0, bytes: 0 };
  const cpuBefore = cpuMsOf(setting);
  for (let round = 0; round <= rounds; round++) {
    const startedMs = performance.now();
    last = await get(`${setting.url}${path}`);
    times.push(performance.now() - startedMs);
  }
  const cpuMs = (cpuMsOf(setting) - cpuBefore) / times.length;
  const [firstMs, ...later] = times as [number, ...number[]];
  return { path, firstMs, medianMs: median(later), maxMs: Math.max(...times), cpuMs, ...last };
}

/** Opens the streams of different pages, since equal ones are rendered once. */
async function measureStreams(setting: Setting, pages: number, seconds: number): Promise<StreamFigures> {
  const idleShare = await shareOfCore(setting, seconds);
  let bytes = 0;
  const paths = pathsOf(setting);
  const streams = Array.from({ length: pages }, (_, n) => {
    const path = paths[n % paths.length]!;
    const own = n < paths.length ? path : `${path}${path.includes('?') ? '&' : '?'}n=${n}`;
    const stream = request(
      `${setting.url}/events?page=${encodeURIComponent(own)}`,
      { headers: HEADERS },
      (response) => {
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        response.on('error', () => {});
      },
    );
    stream.on('error', () => {});
    stream.end();
    return stream;
  });
  // The first message of each has the whole page.
  await wait(5_000);
  bytes = 0;
  let isOver = false;
  const calls = worstCall(setting, () => isOver);
  const openShare = await shareOfCore(setting, seconds);
  isOver = true;
  const bytesPerSecond = bytes / seconds;
  for (const stream of streams) stream.destroy();
  return { pages, idleShare, openShare, bytesPerSecond, worstCallMs: await calls };
}

async function shareOfCore(setting: Setting, seconds: number): Promise<number> {
  const before = cpuMsOf(setting);
  await wait(seconds * 1_000);
  return (cpuMsOf(setting) - before) / (seconds * 1_000);
}

async function worstCall({ url }: Setting, isOver: () => boolean): Promise<number> {
  let worstMs = 0;
  while (!isOver()) {
    const startedMs = performance.now();
    await get(`${url}/healthz`);
    worstMs = Math.max(worstMs, performance.now() - startedMs);
    await wait(CALL_EVERY_MS);
  }
  return worstMs;
}

function reportPages({ subdomains, names, torrents, swarms }: Size, pages: readonly PageTimes[]): void {
  console.log(
    `${describeMachine()}\n\n${subdomains} sub-domains, ${names} redirected names, ${torrents} torrents, ${swarms} swarms\n`,
  );
  console.log('| page | first | median | longest | processor | HTML |\n|---|---:|---:|---:|---:|---:|');
  for (const { path, firstMs, medianMs, maxMs, cpuMs, bytes, status } of pages) {
    const times = [firstMs, medianMs, maxMs, cpuMs].map((ms) => `${ms.toFixed(0)} ms`).join(' | ');
    const shown = path.replace(/[0-9a-f]{40}/, 'INFO_HASH');
    console.log(
      `| \`${shown}\`${status === 200 ? '' : ` (${status})`} | ${times} | ${(bytes / 1_000).toFixed(0)} kB |`,
    );
  }
}

function reportStreams({ pages, idleShare, openShare, bytesPerSecond, worstCallMs }: StreamFigures): void {
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  console.log(
    `\nstreams: ${pages} different pages open take ${percent(openShare)} of a core (without them ${percent(idleShare)}) and send ${(bytesPerSecond / 1_000).toFixed(1)} kB/s; the longest GET /healthz meanwhile took ${worstCallMs.toFixed(0)} ms`,
  );
}

async function main(): Promise<void> {
  const { json, rounds, open, seconds, ...size } = readOptions();
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-bench-dashboard-'));
  let setting: Setting | undefined;
  try {
    setting = await startSetting(directory, size);
    console.error('asking for the pages');
    const pages: PageTimes[] = [];
    for (const path of pathsOf(setting)) pages.push(await measurePage(setting, path, rounds));
    if (!json) reportPages(size, pages);
    console.error('opening streams');
    const streams = await measureStreams(setting, open, seconds);
    if (json) console.log(JSON.stringify({ machine: describeMachine(), size, pages, streams }, null, 2));
    else reportStreams(streams);
  } finally {
    if (setting !== undefined) {
      setting.child.kill('SIGTERM');
      await once(setting.child, 'exit');
    }
    rmSync(directory, { recursive: true, force: true });
  }
}

await main();
