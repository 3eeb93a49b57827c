/**
 * The certificates of https listeners: one is chosen for each connection by the name that the client asks for (SNI,
 * RFC 6066), and all are read again when their files change. A pair that cannot be used (often only one of its two files is
 * replaced so far) leaves the one before it in use, and is an alarm until it can.
 */

import { unwatchFile, watchFile } from 'node:fs';
import type { SecureContext } from 'node:tls';
import { domainToASCII } from 'node:url';
import { type Alarm, alarm } from '../../domain/alarm.js';
import type { Clock } from '../../domain/clock.js';
import { counted } from '../../domain/counted.js';
import { messageOf } from '../../domain/errors.js';
import {
  type CertificateFiles,
  type CertificatePair,
  coversName,
  readCertificatePair,
  validToMs,
} from './certificate-pair.js';

/** Certificates change every few weeks; a check costs two stat calls. */
const CHECK_EVERY_MS = 5_000;
/** Renewals begin a month before the end; one that has not happened two weeks later has failed. */
const ALARM_BEFORE_MS = 14 * 86_400_000;
const DAY_MS = 86_400_000;

export interface CertificatesOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  /** The key of the configuration, for alarms: `mirrorSite.tls`. */
  readonly key: string;
  readonly checkEveryMs?: number;
}

export interface CertificateExpiry {
  /** Path of the certificate. */
  readonly file: string;
  /** Milliseconds since the Unix epoch. */
  readonly validToMs: number;
}

export class Certificates {
  readonly #options: CertificatesOptions;
  #pairs: readonly CertificatePair[];
  /** By path of the certificate: why its changed files are not in use. */
  readonly #faults = new Map<string, string>();
  readonly #listeners = new Set<(fallback: CertificatePair) => void>();
  #stopWatching: () => void = () => {};

  /** @param pairs at least one, from {@link readCertificatePairs}; the first is the default */
  constructor(pairs: readonly CertificatePair[], options: CertificatesOptions) {
    this.#options = options;
    this.#pairs = pairs;
    this.#watch();
  }

  /** For clients that ask for no name, or for one that no certificate covers. */
  get fallback(): CertificatePair {
    return this.#pairs[0]!;
  }

  /** @param name as the client asks for it; @returns undefined if no certificate covers it */
  contextFor(name: string): SecureContext | undefined {
    const ascii = domainToASCII(name);
    return this.#pairs.find(({ x509 }) => coversName(x509, ascii))?.context;
  }

  /** For new connections; open ones keep theirs. */
  use(pairs: readonly CertificatePair[]): void {
    this.#stopWatching();
    this.#pairs = pairs;
    this.#faults.clear();
    this.#watch();
    this.#tell();
  }

  /** @param listener called with the default after each change. @returns unsubscribe */
  onChange(listener: (fallback: CertificatePair) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  expiries(): CertificateExpiry[] {
    return this.#pairs.map((pair) => ({ file: pair.files.certificate, validToMs: validToMs(pair) }));
  }

  alarms(): Alarm[] {
    const nowMs = this.#options.clock.nowMs();
    const { key } = this.#options;
    const expiring = this.expiries().flatMap(({ file, validToMs: endMs }) => {
      const days = Math.floor(Math.abs(endMs - nowMs) / DAY_MS);
      const time = days === 0 ? 'less than a day' : counted(days, 'day');
      if (endMs <= nowMs) {
        const text = `${key}: the certificate ${file} expired ${time} ago, and clients refuse it`;
        return [alarm('certificate-expired', { subject: file, text })];
      }
      if (endMs - nowMs > ALARM_BEFORE_MS) return [];
      const text = `${key}: the certificate ${file} expires in ${time}`;
      return [alarm('certificate-expiring', { subject: file, text })];
    });
    const faults = [...this.#faults].map(([file, fault]) =>
      alarm('certificate-unusable', { subject: String(file), text: `${key}: ${fault}` }),
    );
    return [...expiring, ...faults];
  }

  close(): void {
    this.#stopWatching();
    this.#listeners.clear();
  }

  #watch(): void {
    const interval = this.#options.checkEveryMs ?? CHECK_EVERY_MS;
    const stops = this.#pairs.flatMap(({ files }) => {
      const onChange = (): void => void this.#readAgain(files);
      return [files.certificate, files.key].map((file) => {
        watchFile(file, { persistent: false, interval }, onChange);
        return () => unwatchFile(file, onChange);
      });
    });
    this.#stopWatching = () => {
      for (const stop of stops) stop();
    };
  }

  /** Rejects never. */
  async #readAgain(files: CertificateFiles): Promise<void> {
    // False once a reload has come in between: it has read the files itself.
    const isUsed = (): boolean => this.#pairs.some((pair) => pair.files === files);
    try {
      const changed = await readCertificatePair(files);
      if (!isUsed()) return;
      this.#pairs = this.#pairs.map((pair) => (pair.files === files ? changed : pair));
      this.#faults.delete(files.certificate);
      this.#tell();
    } catch (thrown) {
      if (isUsed()) this.#faults.set(files.certificate, messageOf(thrown));
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.fallback);
  }
}

/** @throws OperatorError of the first pair that cannot be used */
export async function readCertificatePairs(files: readonly CertificateFiles[]): Promise<CertificatePair[]> {
  return Promise.all(files.map(readCertificatePair));
}
