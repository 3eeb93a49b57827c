/**
 * A part that is one object and one line in the list of parts: the application configures, starts, shows, reloads, restarts
 * and stops it. Nothing else in the program knows it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Application } from '../../../src/app/application.js';
import { createApp } from '../../../src/app/create-app.js';
import { examineConfig } from '../../../src/app/examine-config.js';
import { adviceOn } from '../../../src/config/advice.js';
import type { Config } from '../../../src/config/config-schema.js';
import { DEFAULT_CONFIG_YAML } from '../../../src/config/default-config.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { createLogger } from '../../../src/logging/logger.js';
import { eventually } from '../../support/eventually.js';
import { echoPart, starts } from './echo-part.js';

vi.mock('../../../src/config/parts.js', async (original) => {
  const { CONFIG_PARTS, ...rest } = await original<typeof import('../../../src/config/parts.js')>();
  const { echoPart } = await import('./echo-part.js');
  const control = CONFIG_PARTS.findIndex(({ key }) => key === 'control');
  return { ...rest, CONFIG_PARTS: CONFIG_PARTS.toSpliced(control, 0, echoPart as never) };
});

let directory: string;
let app: Application | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-part-'));
  starts.length = 0;
});
afterEach(async () => {
  await app?.stop();
  app = undefined;
  rmSync(directory, { recursive: true, force: true });
});

function configOf(echo: string): Config {
  return parseConfig(
    `operator: { name: N, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }
tracker: { listen: ["udp://127.0.0.1:0"] }
control: { listen: "http://127.0.0.1:0" }
upstream: { exchange: false }
storage: { directory: data }
logging: { level: silent }
lab: true
${echo}`,
    { baseDirectory: directory },
  );
}

async function start(echo: string): Promise<Application> {
  app = createApp(configOf(echo), { logger: createLogger('silent') });
  await app.start();
  return app;
}

const urlOf = (part: string): string => app!.addresses.find((each) => each.part === part)!.url;
const get = async (url: string): Promise<string> => (await fetch(url)).text();

test('its section is read, checked, examined and printed', async () => {
  expect(DEFAULT_CONFIG_YAML).toContain(echoPart.text);
  expect(configOf('echo: {}\n')).toMatchObject({ echo: { word: 'hello', listen: { port: 7007 } } });
  expect(() => configOf('echo: { wrod: x }\n')).toThrow('unknown key; known here: listen, word');
  expect(() => configOf('echo: { word: wrong }\n')).toThrow('echo.word: is wrong');
  const clash = 'echo: { listen: "http://127.0.0.1:7007" }\nmirrorSite: { listen: "http://127.0.0.1:7007" }\n';
  expect(() => configOf(clash)).toThrow('listens on 127.0.0.1:7007 (TCP) already');
  expect(adviceOn(configOf('echo: { word: odd }\n'))).toContain('echo.word: odd');
  const finding = { path: ['echo', 'word'], message: 'cannot be said' };
  expect(await examineConfig(configOf('echo: { word: unsaid }\n'))).toEqual([finding]);
});

test('without its section it does not run, and its call says so', async () => {
  await start('');
  expect(starts).toEqual([]);
  const answer = await fetch(`${urlOf('control')}/api/v1/echo`);
  expect(answer.status).toBe(404);
  expect(await answer.text()).toContain('the echo');
  expect(await get(`${urlOf('control')}/metrics`)).not.toContain('echo_answers_total');
});

test('it is started with what it needs, shown, reloaded, restarted and stopped', async () => {
  const running = await start('echo: { listen: "http://127.0.0.1:0" }\n');
  const url = urlOf('echo');
  const control = urlOf('control');
  expect(running.addresses.find(({ part }) => part === 'echo')).toMatchObject({ about: 'a word' });
  expect(await get(url)).toBe('hello from N, swarm null');
  expect(JSON.parse(await get(`${control}/api/v1/echo`))).toEqual({ answers: 1 });
  expect(await get(`${control}/metrics`)).toContain('alias_tracker_echo_answers_total 1');
  expect(await get(`${control}/api/v1/openapi.json`)).toContain('/api/v1/echo');

  const next = configOf('echo: { listen: "http://127.0.0.1:1", word: alarm }\n');
  expect(await running.reload(next)).toEqual(['echo.listen']);
  expect(await get(url)).toBe('alarm from N, swarm null');
  expect(await get(`${control}/readyz`)).toContain('echo: it says alarm');
  const refused = configOf('echo: { word: refused }\n');
  await expect(running.reload(refused)).rejects.toThrow('echo.word: this word is refused');
  expect(await get(url)).toBe('alarm from N, swarm null');

  starts[0]!.inside(() => running.takeUncaughtError(new Error('planted')));
  expect(JSON.parse(await get(`${control}/readyz`)).reasons).toEqual(['echo: planted']);
  await eventually('the second start', async () => JSON.parse(await get(`${control}/readyz`)).status === 'ready');
  expect(starts.length).toBe(2);
  // On its port, with the word of the reload; its metric and its call are those of the new run.
  expect(await get(url)).toBe('alarm from N, swarm null');
  expect(JSON.parse(await get(`${control}/api/v1/echo`))).toEqual({ answers: 1 });
  const metrics = await get(`${control}/metrics`);
  expect(metrics).toContain('alias_tracker_echo_answers_total 1');
  expect(metrics).toContain('alias_tracker_part_restarts_total{part="echo"} 1');

  expect(await running.stop()).toEqual([]);
  expect(running.addresses).toEqual([]);
  await expect(fetch(url)).rejects.toThrow();
});

test('one that accepts no connections, and says nothing of it, is not ready', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    await start('echo: { listen: "http://127.0.0.1:0" }\n');
    const control = urlOf('control');
    const reasons = async (): Promise<unknown> => JSON.parse(await get(`${control}/readyz`)).reasons;
    await starts[0]!.stop();
    expect(await reasons()).toEqual([]);
    vi.advanceTimersByTime(5_000);
    const fault = `echo: ${new URL(urlOf('echo')).host}: connect ECONNREFUSED`;
    await expect.poll(reasons).toEqual([expect.stringContaining(fault)]);
  } finally {
    vi.useRealTimers();
  }
});
