/** How the originals do, by site: what was passed, what failed, and an alarm for one that keeps failing. */
import { type Alarm, alarm, alarmLine } from '../../domain/alarm.js';
import type { Clock } from '../../domain/clock.js';
import { forgetOldest } from '../../domain/forget-oldest.js';
import type { Logger } from '../../logging/logger.js';

export type Outcome =
  /** The original's answer, with its bytes. */
  | 'untouched'
  /** The original's answer, with links or a torrent rewritten where there were any. */
  | 'rewritten'
  | 'upgraded'
  | 'unreachable'
  | 'timeout'
  | 'busy'
  | 'loop'
  /** The operator does not publish the torrent. */
  | 'withdrawn'
  /** The reader left before the end. */
  | 'left';

export const REWRITTEN_THINGS = [
  'torrent',
  'magnet',
  'private',
  'not-served',
  'not-torrent',
  'too-large',
  'busy',
] as const;
/** What was rewritten, or passed unchanged for a reason. */
export type RewrittenThing = (typeof REWRITTEN_THINGS)[number];

/** So many requests must fail one after another before the operator is called. */
const ALARM_AFTER = 5;
/** More sites than anyone configures. A reload may replace their names. */
const MAX_SITES = 10_000;

interface SiteHealth {
  readonly requests: Map<Outcome, number>;
  readonly things: Map<RewrittenThing, number>;
  bytes: number;
  failures: number;
  failingSinceMs: number;
  reason: string;
  /** Its readers come over http, although it answers over https only. */
  isBridged: boolean;
}

export class OriginalsHealth {
  readonly #sites = new Map<string, SiteHealth>();
  readonly #clock: Clock;
  readonly #log: Pick<Logger, 'warn' | 'info'>;

  constructor(clock: Clock, log: Pick<Logger, 'warn' | 'info'>) {
    this.#clock = clock;
    this.#log = log;
  }

  answered(site: string, outcome: Outcome, bytes: number): void {
    const health = this.#of(site);
    this.#count(health, outcome);
    health.bytes += bytes;
    if (outcome === 'left') return;
    if (health.failures >= ALARM_AFTER) this.#log.info({ site }, `mirror site: the original ${site} answers again`);
    health.failures = 0;
  }

  /** @param reason for the operator */
  failed(site: string, outcome: 'unreachable' | 'timeout', reason: string): void {
    const health = this.#of(site);
    this.#count(health, outcome);
    if (health.failures === 0) health.failingSinceMs = this.#clock.nowMs();
    health.failures++;
    health.reason = reason;
    if (health.failures === ALARM_AFTER)
      this.#log.warn({ site, reason }, `mirror site: ${alarmLine(alarmOf(site, health))}`);
  }

  refused(site: string, outcome: 'busy' | 'loop'): void {
    this.#count(this.#of(site), outcome);
  }

  passed(site: string, thing: RewrittenThing): void {
    const { things } = this.#of(site);
    things.set(thing, (things.get(thing) ?? 0) + 1);
  }

  bridged(site: string): void {
    const health = this.#of(site);
    if (!health.isBridged) this.#log.warn({ site }, `mirror site: ${alarmLine(bridgeAlarm(site))}`);
    health.isBridged = true;
  }

  /** @param sites that are configured */
  alarms(sites: readonly string[]): Alarm[] {
    return sites.flatMap((site) => {
      const health = this.#sites.get(site);
      if (health === undefined) return [];
      return [
        ...(health.failures >= ALARM_AFTER ? [alarmOf(site, health)] : []),
        ...(health.isBridged ? [bridgeAlarm(site)] : []),
      ];
    });
  }

  *requests(): Iterable<{ readonly site: string; readonly outcome: Outcome; readonly count: number }> {
    for (const [site, { requests }] of this.#sites) {
      for (const [outcome, count] of requests) yield { site, outcome, count };
    }
  }

  *things(): Iterable<{ readonly site: string; readonly thing: RewrittenThing; readonly count: number }> {
    for (const [site, { things }] of this.#sites) for (const [thing, count] of things) yield { site, thing, count };
  }

  *bytes(): Iterable<{ readonly site: string; readonly bytes: number }> {
    for (const [site, { bytes }] of this.#sites) yield { site, bytes };
  }

  #count({ requests }: SiteHealth, outcome: Outcome): void {
    requests.set(outcome, (requests.get(outcome) ?? 0) + 1);
  }

  #of(site: string): SiteHealth {
    const known = this.#sites.get(site);
    if (known !== undefined) return known;
    const made: SiteHealth = {
      requests: new Map(),
      things: new Map(),
      bytes: 0,
      failures: 0,
      failingSinceMs: 0,
      reason: '',
      isBridged: false,
    };
    this.#sites.set(site, made);
    forgetOldest(this.#sites, MAX_SITES);
    return made;
  }
}

function alarmOf(site: string, { failures, failingSinceMs, reason }: SiteHealth): Alarm {
  const since = new Date(failingSinceMs).toISOString();
  const text = `the original site ${site} has not answered ${failures} consecutive requests since ${since} (${reason})`;
  return alarm('original-site-failing', { subject: site, text });
}

function bridgeAlarm(site: string): Alarm {
  return alarm('original-site-https-only', {
    subject: site,
    text: `the original site ${site} has only HTTPS, but readers reach the mirror site over HTTP`,
    remedy: `give the mirror site a certificate for ${site}, or remove it from dnsRedirect.sites`,
  });
}
