/** Adds up what was counted in the parts of a log, within a limit on different torrents. */
import { counted } from '../../domain/counted.js';
import { MAX_LOG_TARGETS } from '../limits.js';
import type { LogCounts } from './count-requests.js';

export class LogTotals {
  readonly byDay = new Map<number, Map<string, number>>();
  lines = 0;
  requests = 0;
  withoutHost = 0;
  unmatched: string | undefined;
  #targets = 0;

  add(part: LogCounts): void {
    this.lines += part.lines;
    this.requests += part.requests;
    this.withoutHost += part.withoutHost;
    this.unmatched ??= part.unmatched;
    for (const [day, counts] of part.byDay) {
      const total = this.byDay.get(day) ?? new Map<string, number>();
      this.byDay.set(day, total);
      for (const [target, count] of counts) {
        const before = total.get(target);
        if (before === undefined && ++this.#targets > MAX_LOG_TARGETS) continue;
        total.set(target, (before ?? 0) + count);
      }
    }
  }

  /** What to do about a log of which no line is readable; undefined if some are. */
  complaint(about: string): string | undefined {
    if (this.lines === 0 || this.requests > 0) return undefined;
    return (
      `of ${counted(this.lines, 'new line')} of ${about} none is in a known format; the first is ${JSON.stringify(this.unmatched)}; ` +
      'set format to squid, combined, haproxy or json; for JSON with other names, set fields'
    );
  }

  /** What to do about requests of which nobody knows the site. */
  note(): string | undefined {
    if (this.withoutHost === 0) return undefined;
    return `${counted(this.withoutHost, 'request')} for torrents without a host name; set host to the name of the site, or log the virtual host`;
  }
}
