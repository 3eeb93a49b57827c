/** The streams of updates: what they send, to how many, and when they end. */
import { expect, test, vi } from 'vitest';
import { cell } from '../../../src/dashboard/frame/cells.js';
import { LiveUpdates } from '../../../src/dashboard/live-updates.js';
import { html, type Markup } from '../../../src/markup/markup.js';

function follow(updates: LiveUpdates, render: () => Promise<Markup>, isAllowed = () => true, key = 'page') {
  const sent: string[] = [];
  let takes = true;
  let closed = false;
  const end = updates.stream(key, render, isAllowed).open(
    (text) => {
      if (takes) sent.push(text);
      return takes;
    },
    () => {
      closed = true;
    },
  );
  return { sent, end, setTakes: (value: boolean) => (takes = value), isClosed: () => closed };
}

test('sends everything first, then what differs, and everything again to a reader that was behind', async () => {
  vi.useFakeTimers();
  try {
    let value = 1;
    const render = vi.fn(async () => html`${cell('td', 'a', value)}${cell('td', 'b', 'same')}`);
    const updates = new LiveUpdates({ nowMs: () => 0 });
    const first = follow(updates, render);
    const second = follow(updates, render);
    await vi.advanceTimersByTimeAsync(2_000);
    value = 2;
    first.sent.length = 0;
    second.setTakes(false);
    const renders = render.mock.calls.length;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(render.mock.calls.length, 'once for both').toBe(renders + 1);
    expect(first.sent.join('')).toContain('data: [["a","2",{}]]\n\n');
    expect(first.sent.join('')).toContain('event: beat');
    second.setTakes(true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(second.sent.at(-1)).toContain('["b","same",{}]');
    first.end();
    second.end();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('end with the session, and are a bounded number', async () => {
  vi.useFakeTimers();
  try {
    const updates = new LiveUpdates({ nowMs: () => 0 });
    let allowed = true;
    const one = follow(
      updates,
      async () => html``,
      () => allowed,
    );
    await vi.advanceTimersByTimeAsync(2_000);
    expect(one.isClosed()).toBe(false);
    allowed = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(one.isClosed()).toBe(true);
    one.end();
    const all = Array.from({ length: 100 }, () => follow(updates, async () => html``));
    expect(() => follow(updates, async () => html``)).toThrow('pages are open already');
    for (const each of all) each.end();
    follow(updates, async () => html``).end();
  } finally {
    vi.useRealTimers();
  }
});

test('many large pages take a quarter of the time, and each is updated in turn; one that hangs stops no other', async () => {
  vi.useFakeTimers();
  try {
    let busyMs = 0;
    const updates = new LiveUpdates({ nowMs: () => 0 }, () => performance.now() + busyMs);
    const pages = Array.from({ length: 20 }, (_, n) => {
      const render = vi.fn(async () => {
        // The clock goes on while a page is rendered.
        busyMs += 100;
        return html`${cell('td', 'a', n)}`;
      });
      return { render, reader: follow(updates, render, () => true, `page ${n}`) };
    });
    await vi.advanceTimersByTimeAsync(32_000);
    expect(busyMs).toBeLessThanOrEqual((32_000 + busyMs) / 4 + 100);
    for (const { render } of pages) expect(render.mock.calls.length).toBeGreaterThanOrEqual(3);
    const hangs = vi.fn(() => new Promise<Markup>(() => {}));
    const hanging = follow(updates, hangs, () => true, 'hangs');
    await vi.advanceTimersByTimeAsync(5_000);
    const before = pages.map(({ render }) => render.mock.calls.length);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(hangs).toHaveBeenCalledOnce();
    for (const [n, { render }] of pages.entries()) expect(render.mock.calls.length).toBeGreaterThan(before[n]!);
    for (const { reader } of [...pages, { reader: hanging }]) reader.end();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
