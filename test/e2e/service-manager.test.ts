/** What a service manager learns: the real program sends to a real socket, which Python reads. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.js';
import { NotifySocket } from '../support/notify-socket.js';
import { plant, plantingEnvironment } from '../support/plant-error.js';
import { Served } from '../support/served-process.js';

/** Longer than the program waits before it calls a thread stuck. */
const BLOCK_SECONDS = 15;
const WATCHDOG_USEC = String(2_000_000);

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-notify-'));
const opened: { close(): Promise<unknown> }[] = [];
afterAll(async () => {
  for (const each of opened) await each.close();
  rmSync(directory, { recursive: true, force: true });
});

/** The program under a service manager. */
async function start(path: string, env: Record<string, string> = {}) {
  const port = await freePort();
  const socket = await NotifySocket.listen(path, port);
  opened.push(socket);
  const yaml = `
operator: { name: Lab, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }
tracker: { listen: ["http://127.0.0.1:${port}"] }
control: { listen: "http://127.0.0.1:0" }
storage: { directory: state }
lab: true
`;
  const orders = mkdtempSync(join(directory, 'orders-'));
  const served = await Served.start(yaml, {
    env: { NOTIFY_SOCKET: path, WATCHDOG_USEC, ...plantingEnvironment(orders), ...env },
  });
  opened.push({ close: () => served.stop() });
  await served.until('READY', () => socket.lines.includes('READY=1'));
  return { socket, served, orders, port };
}

const count = (lines: readonly string[], wanted: string): number => lines.filter((line) => line === wanted).length;

describe.concurrent('the service manager', () => {
  test.each([
    ['a path', join(directory, 'notify')],
    ['an abstract name', `@alias-tracker-test-${process.pid}`],
  ])('at %s learns of start, life, reload and stop', async (_, path) => {
    const { socket, served } = await start(path);
    const [ready] = socket.messages;
    expect(ready).toEqual({ pid: served.process.pid, lines: ['READY=1', 'STATUS=serving'], accepts: true });
    await served.until('it is alive', () => count(socket.lines, 'WATCHDOG=1') >= 3);

    served.process.kill('SIGHUP');
    await served.until('it has reloaded', () => count(socket.lines, 'READY=1') === 2);
    const reload = socket.messages.filter(({ lines }) => !lines.includes('WATCHDOG=1'));
    expect(reload.map(({ lines }) => lines[0])).toEqual(['READY=1', 'RELOADING=1', 'READY=1']);
    expect(reload[1]!.lines[1]).toMatch(/^MONOTONIC_USEC=\d+$/);

    expect(await served.stop()).toBe(0);
    expect(socket.messages.at(-1)!.lines).toEqual(['STOPPING=1', 'STATUS=stopping']);
    expect(served.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('learns of a reload by the API as of one by a signal, and not of a dry run', async () => {
    const { socket, served, port } = await start(join(directory, 'api'));
    const url = served.addresses.find((each) => new URL(each).port !== String(port))!;
    const reload = (dryRun: boolean) =>
      fetch(new URL('/api/v1/reload', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ dryRun }),
      });
    expect((await reload(true)).status).toBe(200);
    expect(count(socket.lines, 'RELOADING=1')).toBe(0);
    expect((await reload(false)).status).toBe(200);
    await served.until('it has reloaded', () => count(socket.lines, 'READY=1') === 2);
    expect(count(socket.lines, 'RELOADING=1')).toBe(1);
  });

  test('learns the end of a reload that was refused', async () => {
    const path = join(directory, 'refused');
    const { socket, served } = await start(path);
    writeFileSync(served.configFile, 'operator: []');
    served.process.kill('SIGHUP');
    await served.until('the reload is over', () => count(socket.lines, 'READY=1') === 2);
    expect(count(socket.lines, 'RELOADING=1')).toBe(1);
    expect(served.log.some(({ msg }) => msg.startsWith('the configuration was not applied'))).toBe(true);
  });

  test('hears nothing while the main thread is stuck', async () => {
    const { socket, served, orders } = await start(join(directory, 'main'));
    await served.until('it is alive', () => count(socket.lines, 'WATCHDOG=1') > 0);
    plant(orders, 'thread.main', `block ${BLOCK_SECONDS}`);
    await served.until('the main thread is blocked', () => !existsSync(join(orders, 'thread.main')));
    const before = socket.messages.length;
    await served.until('that is noticed', () => served.log.some(({ msg }) => /main thread has not run/.test(msg)));
    // One may have been on its way. Twenty would have come in these ten seconds.
    expect(socket.messages.length - before).toBeLessThanOrEqual(1);
    const during = socket.messages.length;
    await served.until('it is alive again', () => socket.messages.length > during);
  });

  test('gets no WATCHDOG while the thread of the tracker is stuck', async () => {
    const { socket, served, orders } = await start(join(directory, 'tracker'));
    plant(orders, 'thread.tracker', `block ${BLOCK_SECONDS}`);
    const stuck = 'STATUS=the thread tracker does not run';
    await served.until('it is reported', () => socket.lines.includes(stuck));
    await served.until('it restarts', () => served.log.some(({ msg }) => msg === 'tracker: restarted'));
    await served.until(
      'it serves again',
      () => socket.lines.lastIndexOf('STATUS=serving') > socket.lines.indexOf(stuck),
    );
    const { lines } = socket;
    const [from, to] = [lines.indexOf(stuck), lines.lastIndexOf('STATUS=serving')];
    expect(from).toBeGreaterThan(0);
    expect(lines.slice(from, to).filter((line) => line === 'WATCHDOG=1')).toEqual([]);
    await served.until('it is alive', () => socket.lines.lastIndexOf('WATCHDOG=1') > to);
  });
});

test('a socket that does not exist is reported once, and the program serves', async () => {
  const served = await Served.start(
    'operator: { name: Lab, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }\ntracker: { listen: ["http://127.0.0.1:0"] }\nmirrorSite: { listen: "http://127.0.0.1:0" }\ncontrol: { listen: "http://127.0.0.1:0" }\nlab: true\n',
    { env: { NOTIFY_SOCKET: join(directory, 'nobody'), WATCHDOG_USEC } },
  );
  const complaints = () => served.log.filter(({ msg }) => msg.includes('cannot notify the service manager'));
  await served.until('it is reported', () => complaints().length > 0);
  expect(complaints()[0]!.msg).toContain('ENOENT');
  expect(await served.stop()).toBe(0);
  expect(complaints()).toHaveLength(1);
});
