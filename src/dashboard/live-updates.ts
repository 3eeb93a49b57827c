/**
 * The streams of updates: renders each open page every two seconds, once for all who look at it, and sends the cells that
 * are different. The number of streams and of pages is bounded.
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
}

export class LiveUpdates {
  readonly #clock: Clock;
  /** By address and role. */
  readonly #pages = new Map<string, OpenPage>();
  #streams = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
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
        const page = this.#pages.get(key) ?? { render, followers: new Set(), state: undefined, isRendering: false };
        const follower: Follower = { send, close, isStillAllowed, isUpToDate: false };
        this.#pages.set(key, page);
        page.followers.add(follower);
        this.#streams++;
        send(`retry: ${RETRY_MS}\n\n`);
        void this.#update(page);
        this.#timer ??= setInterval(() => this.#updateAll(), EVERY_MS).unref();
        return () => {
          if (!page.followers.delete(follower)) return;
          this.#streams--;
          if (page.followers.size === 0 && this.#pages.get(key) === page) this.#pages.delete(key);
          if (this.#streams > 0) return;
          clearInterval(this.#timer);
          this.#timer = undefined;
        };
      },
    };
  }

  #updateAll(): void {
    for (const page of this.#pages.values()) void this.#update(page);
  }

  async #update(page: OpenPage): Promise<void> {
    for (const follower of page.followers) if (!follower.isStillAllowed()) follower.close();
    // A page that takes longer than the period is rendered less often.
    if (page.isRendering) return;
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
