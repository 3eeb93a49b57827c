/** The dashboard in a real browser: login, every page on a phone and a desktop in light and dark, updates, and forms. */
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  announceAgain,
  FIRST,
  HOSTILE_NAMES,
  report,
  startDashboardApp,
  VIEWER_TOKEN,
} from '../support/dashboard-app.js';
import { CONTROL_TOKEN, type RunningApp, startLabApp } from '../support/lab-app.js';
import { requireProgram } from '../support/real-program.js';

const executablePath = requireProgram('chromium');
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
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
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

const PAGES = [
  '/',
  '/torrents',
  '/torrents?show=announced',
  `/torrents/${FIRST}`,
  '/subdomains',
  '/subdomains/north',
  '/probes',
  '/probes/dp-north',
  '/redirection?name=www.original.lab&client=127.1.0.1',
  '/upstream',
  '/savings',
  `/explain?infoHash=${FIRST}&ip=127.1.0.2`,
  '/explain?infoHash=torrent&ip=127.1.0.2',
  '/log',
];

describe.skipIf(executablePath === undefined)('the dashboard in a browser', () => {
  let browser: Browser;
  let running: RunningApp;
  let base: string;
  let context: BrowserContext | undefined;

  beforeAll(async () => {
    running = await startDashboardApp();
    const { host, port } = running.endpoint('control');
    base = `http://${host}:${port}`;
    await report(running, 60_000_000);
    browser = await chromium.launch({ executablePath: executablePath!, args: ARGUMENTS });
  });
  afterAll(async () => {
    await browser.close();
    await running.stop();
  });
  beforeEach(() => announceAgain(running));
  afterEach(async () => {
    await context?.close();
    context = undefined;
  });

  interface Visit {
    readonly viewport?: typeof DESKTOP;
    readonly colorScheme?: 'light' | 'dark';
    readonly javaScriptEnabled?: boolean;
    readonly token?: string;
    readonly path?: string;
    readonly at?: string;
  }

  /** Logs in as a person does. */
  async function visit({ path = '/', token = CONTROL_TOKEN, at = base, ...options }: Visit = {}): Promise<Page> {
    context = await browser.newContext({ viewport: DESKTOP, ...options });
    const page = await context.newPage();
    await page.goto(at + path);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(at + path);
    return page;
  }

  async function violationsOf(page: Page): Promise<unknown> {
    await page.addScriptTag({ path: AXE }).catch(() => undefined);
    return page.evaluate(`axe.run({ runOnly: ${JSON.stringify(RULES)}, resultTypes: ['violations'] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => ({ id, nodes: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)) })))`);
  }

  test('a wrong token is refused, the right one leads to the page that was asked for, and logging out ends it', async () => {
    context = await browser.newContext({ viewport: DESKTOP });
    const page = await context.newPage();
    await page.goto(`${base}/probes?range=7d`);
    expect(await page.title()).toContain('Log in');
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('invalid or revoked');
    await page.getByLabel('Token').fill(CONTROL_TOKEN);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(`${base}/probes?range=7d`);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL(`${base}/login`);
    await page.goto(`${base}/probes`);
    expect(page.url()).toContain('/login?next=');
  });

  test.each([
    ['a desktop, light', DESKTOP, 'light'],
    ['a desktop, dark', DESKTOP, 'dark'],
    ['a phone, light', PHONE, 'light'],
    ['a phone, dark', PHONE, 'dark'],
  ] as const)(
    'every page on %s breaks no rule of WCAG 2.2 AA, and runs nothing of strangers',
    async (_what, viewport, colorScheme) => {
      const page = await visit({ viewport, colorScheme });
      const problems: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
      page.on('pageerror', (error) => problems.push(error.message));
      for (const path of PAGES) {
        const answer = await page.goto(base + path);
        expect([path, answer?.status()]).toEqual([path, 200]);
        expect([path, await page.evaluate('document.documentElement.id')]).toEqual([path, '']);
        const sideways = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
        expect([path, await page.evaluate(sideways), 'scrolls sideways']).toEqual([path, false, 'scrolls sideways']);
      }
      expect(problems).toEqual([]);
      // The policy of the pages forbids foreign scripts, so that axe needs a context that ignores it.
      const { cookies } = await context!.storageState();
      await context!.close();
      context = await browser.newContext({ viewport, colorScheme, bypassCSP: true });
      await context.addCookies(cookies);
      const checked = await context.newPage();
      for (const path of ['/login', ...PAGES]) {
        await checked.goto(base + path);
        expect([path, await violationsOf(checked)]).toEqual([path, []]);
      }
    },
  );

  test('the menu leads to every page and keeps the time range', async () => {
    const page = await visit({ path: '/?range=7d' });
    for (const label of [
      'Torrents',
      'Sub-domains',
      'Probes',
      'Redirection',
      'Upstream and caches',
      'Savings',
      'Explain',
      'Log',
      'Overview',
    ]) {
      await page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: label, exact: true }).click();
      await page.waitForLoadState();
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(label);
      expect(page.url()).toContain('range=7d');
      expect(await page.locator('nav.menu a[aria-current=page]').textContent()).toBe(label);
    }
  });

  test('a report changes single cells, and what is scrolled, selected and focused stays', async () => {
    const page = await visit({ path: '/subdomains', viewport: PHONE });
    const cell = page.locator('[data-cell="subdomains north bytesPerUserPerSecond"]');
    const before = await cell.textContent();
    const state = (): Promise<unknown> =>
      page.evaluate(`({
        left: document.querySelector('.scroll').scrollLeft,
        top: scrollY,
        focused: document.activeElement.className,
        selected: String(getSelection()),
        isSame: document.querySelector('.scroll') === window.container,
      })`);
    await page.evaluate(`{
      window.container = document.querySelector('.scroll');
      container.focus();
      container.scrollLeft = 60;
      document.body.style.minHeight = '3000px';
      scrollTo(0, 90);
      const range = document.createRange();
      range.selectNodeContents(document.querySelector('tr[data-row=north] a.name'));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    }`);
    const held = await state();
    expect(held).toMatchObject({ left: 60, top: 90, focused: 'scroll', selected: 'north', isSame: true });
    expect(await report(running, 90_000_000)).toBe(202);
    await expect.poll(() => cell.textContent()).not.toBe(before);
    expect(await state()).toEqual(held);
  });

  test('a row that comes is announced, and nothing moves', async () => {
    const page = await visit({ path: '/torrents?show=announced' });
    const rows = await page.locator('tr[data-list]').count();
    await page.waitForFunction("document.getElementById('updated').textContent !== ''");
    await running.announce('127.1.0.9', { infoHash: 'ab'.repeat(20) });
    await page.waitForSelector('#rows:not([hidden])');
    expect(await page.locator('#rows').textContent()).toMatch(/^1 new row: reload/);
    expect(await page.locator('tr[data-list]').count()).toBe(rows);
    await page.locator('#rows a').click();
    await page.waitForLoadState();
    expect(await page.locator('tr[data-list]').count()).toBe(rows + 1);
  });

  test('says so when the tracker does not answer', async () => {
    const other = await startLabApp();
    const { host, port } = other.endpoint('control');
    const page = await visit({ at: `http://${host}:${port}` });
    await page.waitForFunction("document.getElementById('updated').textContent !== ''");
    expect(await page.locator('#stale').isHidden()).toBe(true);
    await other.stop();
    await page.waitForSelector('#stale:not([hidden])');
  });

  test('explains an answer in a sentence, also from words of the name', async () => {
    const page = await visit({ path: `/torrents/${FIRST}` });
    await page.getByLabel('Address of the client').fill('127.1.0.2');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.waitForURL(/\/explain\?/);
    expect(await page.locator('#answer').textContent()).toMatch(
      /^127\.1\.0\.2 of .* would get 1 inner and 0 foreign peers/,
    );
    await page.goto(`${base}/explain?infoHash=torrent+1&ip=127.1.0.2`);
    await page.getByRole('link', { name: 'Torrent 1', exact: true }).click();
    expect(await page.locator('#answer').textContent()).toContain('127.1.0.2');
  });

  test('an operator pauses and resumes, which the log shows; a viewer has no such forms', async () => {
    const page = await visit();
    await page.getByRole('button', { name: 'Pause localisation' }).click();
    await page.getByText('Paused.').waitFor();
    await page.getByRole('button', { name: 'Resume localisation' }).click();
    await page.getByText('Resumed.').waitFor();
    await page.goto(`${base}/log?kind=operator`);
    const actions = await page.locator('tr[data-list=actions]').allTextContents();
    expect(actions.filter((text) => /pause|resume/.test(text))).toHaveLength(2);
    await context!.close();
    const viewer = await visit({ token: VIEWER_TOKEN });
    expect(await viewer.getByText('(viewer)').count()).toBe(1);
    expect(await viewer.getByRole('button').allTextContents()).toEqual(['Log out']);
  });

  test('shows everything without scripts', async () => {
    const page = await visit({ javaScriptEnabled: false });
    expect(await page.locator('.tile').count()).toBe(5);
    await page.goto(`${base}/torrents`);
    expect(await page.locator('tr[data-list=torrents]').count()).toBe(50);
    await page.getByRole('link', { name: 'Next' }).click();
    expect(await page.locator('tr[data-list=torrents]').count()).toBe(10);
    await page.getByLabel('Words of the name or of a file').fill('torrent 7');
    await page.getByRole('button', { name: 'Search' }).click();
    expect(await page.locator('tr[data-list=torrents]').count()).toBeGreaterThan(0);
  });

  test('names of strangers are text, and the files of the tables have them without formulas', async () => {
    const page = await visit({ path: '/torrents' });
    const names = await page.locator('a.name').allTextContents();
    const visible = HOSTILE_NAMES.map((name) => name.replace('\u202E', ''));
    expect(names).toEqual(expect.arrayContaining(visible));
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('torrents.csv');
    const answer = await page.request.get(`${base}/torrents?format=csv&table=torrents`);
    expect(await answer.text()).toContain(`"'=HYPERLINK(""http://evil.example"")"`);
    const json = await page.request.get(`${base}/torrents?format=json&table=torrents`);
    expect(((await json.json()) as { torrents: unknown[] }).torrents).toHaveLength(50);
  });
});
