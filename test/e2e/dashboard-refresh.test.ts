/** The dashboard in a real browser: while its numbers change, what a person has scrolled, selected or focused stays. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CONTROL_TOKEN, type RunningApp, startLabApp } from '../support/lab-app.js';
import { requireProgram } from '../support/real-program.js';

const executablePath = requireProgram('chromium');
const HASHES = ['aa', 'bb', 'cc'].map((byte) => byte.repeat(20));
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe.skipIf(executablePath === undefined)('the dashboard in a browser', () => {
  let browser: Browser;
  let running: RunningApp;
  let page: Page;
  let next = 1;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath!, args: ARGUMENTS });
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    running = await startLabApp();
    // The first swarm is the largest, the last the smallest.
    for (const [i, infoHash] of HASHES.entries()) await join(infoHash, 3 - i);
    page = await open(true);
  });
  afterEach(async () => {
    await page.context().close();
    await running.stop();
  });

  async function join(infoHash: string, leechers: number): Promise<void> {
    for (let n = 0; n < leechers; n++) await running.announce(`127.1.1.${next++}`, { infoHash });
  }

  async function open(javaScriptEnabled: boolean): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width: 390, height: 844 },
      httpCredentials: { username: 'x', password: CONTROL_TOKEN },
      javaScriptEnabled,
    });
    const opened = await context.newPage();
    const { host, port } = running.endpoint('control');
    await opened.goto(`http://${host}:${port}/`);
    return opened;
  }

  const order = (): Promise<string[]> => page.locator('tr[data-key] code').allTextContents();
  const leechersOf = (infoHash: string) => page.locator(`tr[data-key="${infoHash}"] td.n`).nth(1);
  const leechersBecome = (infoHash: string, count: number): Promise<void> =>
    expect.poll(() => leechersOf(infoHash).textContent()).toBe(String(count));
  // As text: these run in the browser, whose globals are not this program's.
  const select = (infoHash: string): Promise<unknown> =>
    page.evaluate(`{
      const range = document.createRange();
      range.selectNodeContents(document.querySelector('tr[data-key="${infoHash}"] code'));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    }`);
  const selected = (): Promise<string> => page.evaluate('String(getSelection())');

  test('keeps scroll position, selection and focus while numbers change', async () => {
    const look = (): Promise<{ left: number; top: number; focused: string }> =>
      page.evaluate(`({
        left: document.querySelector('.scroll').scrollLeft,
        top: window.scrollY,
        focused: document.activeElement.className,
      })`);
    await page.evaluate(`{
      const scroll = document.querySelector('.scroll');
      scroll.focus();
      scroll.scrollLeft = 200;
      window.scrollTo(0, 150);
    }`);
    await select(HASHES[0]!);
    const before = await look();
    expect(before).toMatchObject({ focused: 'scroll' });
    expect(Math.min(before.left, before.top)).toBeGreaterThan(0);
    await join(HASHES[0]!, 4);
    await leechersBecome(HASHES[0]!, 7);
    expect(await look()).toEqual(before);
    expect(await selected()).toBe(HASHES[0]);
  });

  test('keeps the selection in a row that changes its place', async () => {
    await select(HASHES[2]!);
    await join(HASHES[2]!, 9);
    await leechersBecome(HASHES[2]!, 10);
    expect(await order()).toEqual([HASHES[2], HASHES[0], HASHES[1]]);
    expect(await selected()).toBe(HASHES[2]);
  });

  test('rows come and go, and what the page shows is what the server renders', async () => {
    const dd = 'dd'.repeat(20);
    await join(dd, 2);
    await leechersBecome(dd, 2);
    expect((await order()).sort()).toEqual([...HASHES, dd].sort());
    const loaded = await open(true);
    const rows = (of: Page): Promise<string[]> => of.locator('tr[data-key] code').allTextContents();
    expect(await rows(loaded)).toEqual(await rows(page));
    await loaded.context().close();
  });

  test('says so when the tracker is away, and breaks no rule of its own content security policy', async () => {
    const problems: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security|Refused/.test(message.text())) problems.push(message.text());
    });
    await page.reload();
    await page.context().setOffline(true);
    await page.waitForSelector('#stale:not([hidden])');
    await page.context().setOffline(false);
    await page.waitForSelector('#stale', { state: 'hidden' });
    expect(problems).toEqual([]);
  });

  test('shows everything without scripts', async () => {
    const plain = await open(false);
    expect(await plain.locator('tr[data-key] code').allTextContents()).toEqual(HASHES);
    expect(await plain.locator('meter').count()).toBe(1);
    await plain.context().close();
  });
});
