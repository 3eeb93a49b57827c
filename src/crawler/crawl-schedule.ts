/** Repeats crawls: the first at once, the next `everyMs` after the start of the last, never two at a time. */
import { messageOf } from '../domain/errors.js';
import type { Crawler } from './crawl.js';
import type { CrawlProgress, CrawlResult } from './crawl-result.js';

export interface CrawlSchedule {
  readonly crawler: Crawler;
  /** From the start of one crawl to the start of the next. After a longer crawl, the next starts at once. */
  readonly everyMs: number;
  readonly onResult?: (result: CrawlResult, seconds: number) => void;
  /** Called if a whole crawl failed; the next one starts on schedule. */
  readonly onFailure?: (reason: string) => void;
  readonly onProgress?: (progress: CrawlProgress) => void;
}

export interface RunningCrawler {
  /** Aborts a running crawl and waits for it. What it has stored stays. */
  stop(): Promise<void>;
}

export function startCrawler({ crawler, everyMs, ...notify }: CrawlSchedule): RunningCrawler {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const crawl = async (): Promise<void> => {
    const startedMs = performance.now();
    try {
      const result = await crawler.crawlOnce({ signal: stopping.signal, onProgress: notify.onProgress });
      notify.onResult?.(result, (performance.now() - startedMs) / 1_000);
    } catch (thrown) {
      if (!stopping.signal.aborted) notify.onFailure?.(messageOf(thrown));
    }
  };
  const begin = (): void => {
    let due = false;
    let done = false;
    const again = (): void => {
      if (due && done && !stopping.signal.aborted) begin();
    };
    timer = setTimeout(() => {
      due = true;
      again();
    }, everyMs);
    running = crawl().then(() => {
      done = true;
      again();
    });
  };
  begin();
  return {
    stop: async () => {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
