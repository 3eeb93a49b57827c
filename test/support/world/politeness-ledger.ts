/**
 * What a host of the local world sees of a crawler's manners: requests at the same time, the shortest pause between two, and
 * whether robots.txt came first and was obeyed. The hosts keep it themselves; the crawler is not asked.
 */

export interface HostManners {
  requests: number;
  mostAtOnce: number;
  /** Between the end of one answer (the request, if the crawler left before) and the next request, in ms; Infinity before the second request. */
  shortestPauseMs: number;
  /** Paths that were asked for before robots.txt, or against it. */
  readonly rude: string[];
  bytesSent: number;
}

/** For a request in flight. */
export interface RequestManners {
  /** The answer has been handed to the kernel as a whole: from here on the crawler may count its pause. */
  answered(): void;
  /** The exchange is over. */
  ended(bytesSent: number): void;
}

export class PolitenessLedger {
  readonly #hosts = new Map<string, HostManners & { atOnce: number; lastEndMs: number; sawRobots: boolean }>();

  /** @param forbidden whether the host's robots.txt forbids the path */
  begin(host: string, path: string, forbidden: boolean): RequestManners {
    const known = this.#hosts.get(host);
    const manners = known ?? {
      requests: 0,
      mostAtOnce: 0,
      shortestPauseMs: Number.POSITIVE_INFINITY,
      rude: [],
      bytesSent: 0,
      atOnce: 0,
      lastEndMs: Number.NEGATIVE_INFINITY,
      sawRobots: false,
    };
    if (known === undefined) this.#hosts.set(host, manners);
    manners.requests++;
    manners.atOnce++;
    manners.mostAtOnce = Math.max(manners.mostAtOnce, manners.atOnce);
    manners.shortestPauseMs = Math.min(manners.shortestPauseMs, performance.now() - manners.lastEndMs);
    if (path === '/robots.txt') manners.sawRobots = true;
    else if (!manners.sawRobots || forbidden) manners.rude.push(path);
    // Until the answer is complete: a crawler that leaves earlier does so at a time that a busy server learns too late.
    manners.lastEndMs = performance.now();
    return {
      answered() {
        manners.lastEndMs = performance.now();
      },
      ended(bytesSent) {
        manners.atOnce--;
        manners.bytesSent += bytesSent;
      },
    };
  }

  manners(): ReadonlyMap<string, HostManners> {
    return this.#hosts;
  }
}
