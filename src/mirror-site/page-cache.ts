/**
 * Answers of the catalogue as they were last made, so that a page that many visitors ask for is rendered and compressed once.
 * An answer is kept for seconds, and only while the catalogue is as it was. Bounded in number and bytes; those that nobody
 * asked for longest are forgotten first.
 */
import type { Answer } from './response.js';
import type { Visit } from './visit.js';

/** Counts of peers come from the tracker, and ages from the clock: both may be this old, as in the caches of browsers. */
const MAX_AGE_MS = 30_000;
const MAX_ANSWERS = 2_000;
const MAX_BYTES = 32 * 2 ** 20;
/** Larger answers are lists for programs, which few ask for again within seconds. */
const MAX_ANSWER_BYTES = 512 * 2 ** 10;
/** Longer addresses are texts that somebody searches for once. */
const MAX_URL_CHARACTERS = 500;

interface Kept {
  readonly answer: Answer;
  readonly bytes: number;
  readonly version: string;
  readonly untilMs: number;
}

export class PageCache {
  readonly #version: () => string;
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  /** @param version of all that answers are made of, but for counts of peers and the time */
  constructor(version: () => string) {
    this.#version = version;
  }

  find(visit: Visit): Answer | undefined {
    const key = keyOf(visit);
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    if (kept.untilMs < performance.now() || kept.version !== this.#version()) {
      this.#bytes -= kept.bytes;
      return undefined;
    }
    // The most recently requested is the last.
    this.#kept.set(key, kept);
    return kept.answer;
  }

  /** @returns a function that takes the answer, to be called before it is made: what changes meanwhile makes it out of date */
  prepare(visit: Visit): (answer: Answer) => void {
    const version = this.#version();
    return (answer) => {
      const { body } = answer;
      const isKept =
        answer.status === 200 && answer.maxAgeSeconds > 0 && body instanceof Uint8Array && answer.isPage === true;
      if (!isKept || body.length > MAX_ANSWER_BYTES || (visit.request.url ?? '').length > MAX_URL_CHARACTERS) return;
      const key = keyOf(visit);
      this.#forget(key);
      this.#kept.set(key, { answer, bytes: body.length, version, untilMs: performance.now() + MAX_AGE_MS });
      this.#bytes += body.length;
      for (const oldest of this.#kept.keys()) {
        if (this.#kept.size <= MAX_ANSWERS && this.#bytes <= MAX_BYTES) break;
        this.#forget(oldest);
      }
    };
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }
}

/** Everything of a request that an answer depends on. */
function keyOf({ request, baseUrl, view }: Visit): string {
  return `${view.text.language} ${view.site ?? ''} ${baseUrl} ${request.url ?? ''}`;
}
