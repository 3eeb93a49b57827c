/** Whether the parts of this process can serve. Readiness shows it, and the DNS redirection withdraws names by it. */

import { createConnection } from 'node:net';
import { single } from '../control-api/metric-families.js';
import type { MetricFamily } from '../control-api/metrics.js';
import { type Alarm, alarm } from '../domain/alarm.js';
import { type Endpoint, formatEndpoint, reachableHost } from '../net/endpoint.js';
import type { BoundAddress } from '../transport/transport.js';

const CHECK_EVERY_MS = 5_000;
const CONNECT_TIMEOUT_MS = 2_000;

export class Health {
  /** By part, then by who reported it. */
  readonly #faults = new Map<string, Map<string, string>>();
  readonly #listeners = new Set<() => void>();
  readonly #alarmSources: (() => readonly Alarm[])[] = [];
  /** By part; a part may have several listeners. */
  readonly #checks = new Map<string, Endpoint[]>();
  #timer: NodeJS.Timeout | undefined;

  /** Checks every few seconds that a part accepts TCP connections. Other parts only report their faults. */
  watch(part: string, address: Pick<BoundAddress, 'host' | 'port'>): void {
    const checks = this.#checks.get(part) ?? [];
    this.#checks.set(part, [...checks, { host: reachableHost(address.host), port: address.port }]);
    this.#timer ??= setInterval(() => void this.#check(), CHECK_EVERY_MS).unref();
  }

  /**
   * @param reason undefined: the fault is over
   * @param noticedBy who reports. It ends only the faults that it reported itself
   */
  report(part: string, reason: string | undefined, noticedBy = 'the part'): void {
    const faults = this.#faults.get(part) ?? new Map<string, string>();
    if (reason === undefined) faults.delete(noticedBy);
    else faults.set(noticedBy, reason);
    if (faults.size === 0) this.#faults.delete(part);
    else this.#faults.set(part, faults);
    for (const listener of this.#listeners) listener();
  }

  /** Called after each report. @returns unsubscribe */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** @param source called when alarms are shown: problems that need attention although every part serves */
  addAlarms(source: () => readonly Alarm[]): void {
    this.#alarmSources.push(source);
  }

  alarms(): Alarm[] {
    return this.#alarmSources.flatMap((source) => source());
  }

  /** What does not work, as alarms. */
  faults(): Alarm[] {
    return [...this.#faults].map(([part, faults]) =>
      alarm('part-down', { subject: part, text: `${part}: ${[...faults.values()].join('; ')}` }),
    );
  }

  isHealthy(part: string): boolean {
    return !this.#faults.has(part);
  }

  reasons(): string[] {
    return [...this.#faults].flatMap(([part, faults]) => [...faults.values()].map((reason) => `${part}: ${reason}`));
  }

  metrics(): MetricFamily[] {
    return [
      single('gauge', 'ready', '1 if /readyz answers 200, 0 if it answers 503', () =>
        this.#faults.size === 0 ? 1 : 0,
      ),
    ];
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#checks.clear();
  }

  async #check(): Promise<void> {
    for (const [part, endpoints] of this.#checks) {
      const reasons = await Promise.all(endpoints.map(reasonOf));
      if (this.#checks.has(part)) this.report(part, reasons.find(Boolean), 'the connection check');
    }
  }
}

/** Why the listener does not accept a connection; undefined if it does. */
function reasonOf({ host, port }: Endpoint): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: CONNECT_TIMEOUT_MS });
    const end = (result: string | undefined): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end(`does not accept connections on ${formatEndpoint({ host, port })}`));
    socket.on('error', (error) => end(`${formatEndpoint({ host, port })}: ${error.message}`));
  });
}
