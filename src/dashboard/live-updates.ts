/**
 * The streams of updates: renders each open page every two seconds, once for all who look at it, and sends the cells that
 * are different. The number of streams is bounded. Pages are rendered one after another, with rests in between, so that many large
 * ones update less often instead of blocking the thread that serves everything else.
 */
import { Problem } from '../control-api/problem.js';
import type { Stream } from '../control-api/route.js';
import type { Clock } from '../domain/clock.js';
import type { Markup } from '../markup/markup.js';
import { type CellState, type PageState, stateOf } from './frame/cells.js';
import { instant } from './frame/show.js';

/** Open pages of all operators and of screens on walls. */
const MAX_STREAMS = 100;
const EVERY_MS = 2_000;
/** After a page the thread is left to others for this many times as long as it took: open pages take a quarter of it at most. */
const REST_FACTOR = 3;
/** A page whose calls do not answer must not stop the others. */
const WAITED_MS = 5_000;
/** What a browser waits before it connects again, with other browsers at other times. */
const RETRY_MS = 3_000;

type Render = () => Promise<Markup | undefined>;

interface Follower {
  readonly send: (text: string) => boolean;
  readonly close: () => void;
  readonly isStillAllowed: () => boolean;
  /** False: it is sent everything, because it has missed something or is new. */
  isUpToDate: boolean;
}

interface OpenPage {
  readonly render: Render;
  readonly followers: Set<Follower>;
  state: PageState | undefined;
  isRendering: boolean;
  /** By the monotonic clock. */
  dueMs: number;
}

export class LiveUpdates {
  readonly #clock: Clock;
  readonly #monotonicMs: () => number;
  /** By address and role. */
  readonly #pages = new Map<string, OpenPage>();
  #streams = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The page that is being waited for. */
  #isBusy = false;
  #restUntilMs = 0;

  constructor(clock: Clock, monotonicMs: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#monotonicMs = monotonicMs;
  }

  /** @param key the same for all who see the same. @throws Problem `too-many-requests` */
  stream(key: string, render: Render, isStillAllowed: () => boolean): Stream {
    if (this.#streams >= MAX_STREAMS) {
      throw new Problem('too-many-requests', `${MAX_STREAMS} pages are open already; this one does not update itself`, {
        retryAfterSeconds: 60,
      });
    }
    return {
      contentType: 'text/event-stream',
      open: (send, close) => {
        const page = this.#pages.get(key) ?? newPage(render);
        const follower: Follower = { send, close, isStillAllowed, isUpToDate: false };
        this.#pages.set(key, page);
        page.followers.add(follower);
        this.#streams++;
        send(`retry: ${RETRY_MS}\n\n`);
        page.dueMs = this.#monotonicMs();
        this.#plan();
        return () => {
          if (!page.followers.delete(follower)) return;
          this.#streams--;
          if (page.followers.size === 0 && this.#pages.get(key) === page) this.#pages.delete(key);
          this.#plan();
        };
      },
    };
  }

  /** Waits for the page that is due first. Called when one comes, goes, or has been rendered. */
  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#isBusy) return;
    const page = this.#firstDue();
    if (page === undefined) return;
    const waitMs = Math.max(page.dueMs, this.#restUntilMs) - this.#monotonicMs();
    this.#timer = setTimeout(() => void this.#renderFirst(), Math.max(0, waitMs)).unref();
  }

  #firstDue(): OpenPage | undefined {
    const [first] = [...this.#pages.values()]
      .filter(({ isRendering }) => !isRendering)
      .sort((a, b) => a.dueMs - b.dueMs);
    return first;
  }

  async #renderFirst(): Promise<void> {
    const page = this.#firstDue();
    if (page === undefined) return;
    this.#isBusy = true;
    const startedMs = this.#monotonicMs();
    page.dueMs = startedMs + EVERY_MS;
    let enough: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      enough = setTimeout(resolve, WAITED_MS).unref();
    });
    await Promise.race([this.#update(page), waited]);
    clearTimeout(enough);
    const endedMs = this.#monotonicMs();
    this.#restUntilMs = endedMs + REST_FACTOR * (endedMs - startedMs);
    this.#isBusy = false;
    this.#plan();
  }

  async #update(page: OpenPage): Promise<void> {
    for (const follower of page.followers) if (!follower.isStillAllowed()) follower.close();
    page.isRendering = true;
    try {
      const markup = await page.render();
      const before = page.state;
      const now = markup === undefined ? { cells: new Map(), lists: new Map() } : stateOf(markup);
      page.state = now;
      this.#send(page, now, before);
    } catch {
      // The part that it asks may be down. Without a beat the reader sees that the numbers are old.
    } finally {
      page.isRendering = false;
      this.#plan();
    }
  }

  #send({ followers }: OpenPage, now: PageState, before: PageState | undefined): void {
    const beat = event('beat', `As of ${instant(this.#clock.nowMs())}.`);
    const all = messages(now, undefined) + beat;
    const changed = before === undefined ? all : messages(now, before) + beat;
    for (const follower of followers) {
      follower.isUpToDate = follower.send(follower.isUpToDate ? changed : all);
    }
  }
}

function newPage(render: Render): OpenPage {
  return { render, followers: new Set(), state: undefined, isRendering: false, dueMs: 0 };
}

function messages(now: PageState, before: PageState | undefined): string {
  const cells = [...now.cells]
    .filter(([id, state]) => !isSame(state, before?.cells.get(id)))
    .map(([id, { text, attributes }]) => [id, text, attributes]);
  const lists = JSON.stringify(Object.fromEntries(now.lists));
  const areListsSame = before !== undefined && lists === JSON.stringify(Object.fromEntries(before.lists));
  return (
    (cells.length === 0 ? '' : event('cells', JSON.stringify(cells))) + (areListsSame ? '' : event('lists', lists))
  );
}

function isSame(a: CellState, b: CellState | undefined): boolean {
  return b !== undefined && a.text === b.text && JSON.stringify(a.attributes) === JSON.stringify(b.attributes);
}

/** JSON contains no line feeds, so it is one line. */
function event(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}
