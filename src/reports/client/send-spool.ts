/**
 * Sends the reports of the spool, oldest first, many at a time, and backs off while the tracker does not answer. A
 * report that the tracker refuses permanently is set aside, so that it does not block those after it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlCallError, type ControlClient } from '../../control-api/control-client.js';
import type { ReportSpool, SpooledReport } from './report-spool.js';

const BATCH_REPORTS = 100;
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;

export interface SpoolSenderOptions {
  readonly spool: ReportSpool;
  readonly client: Pick<ControlClient, 'post'>;
  /** One line for the operator. */
  readonly onNotice: (line: string) => void;
  /** Called for each report that the tracker accepted. @param report as stored in the spool */
  readonly onTaken?: (report: unknown, fate: ReportFate) => void;
}

/** The tracker's decision on a report. */
export interface ReportFate {
  /** The tracker has the report already. */
  readonly duplicate: boolean;
  readonly quarantined: readonly { readonly subdomain: string; readonly reason: string }[];
}

const UNKNOWN_FATE: ReportFate = { duplicate: false, quarantined: [] };

export class SpoolSender {
  readonly #options: SpoolSenderOptions;
  #waitMs = FIRST_WAIT_MS;
  #sending: Promise<boolean> | undefined;

  constructor(options: SpoolSenderOptions) {
    this.#options = options;
  }

  /**
   * Sends until the spool is empty or the tracker refuses more. Concurrent calls share one run. @returns true: empty
   */
  send(): Promise<boolean> {
    this.#sending ??= this.#run().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  /** Until `signal` aborts: sends new files at once, or when the tracker is back. */
  async keepSending(signal: AbortSignal, everyMs = 500): Promise<void> {
    while (!signal.aborted) {
      const waitMs = (await this.send()) ? everyMs : this.#waitMs;
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #run(): Promise<boolean> {
    const { spool, onNotice } = this.#options;
    const { dropped } = await spool.trim();
    if (dropped > 0) onNotice(`the spool is full: the ${dropped} oldest reports were dropped`);
    for (;;) {
      const batch = await spool.oldest(BATCH_REPORTS);
      if (batch.length === 0) return true;
      try {
        await this.#sendBatch(batch);
        this.#waitMs = FIRST_WAIT_MS;
      } catch (thrown) {
        if (!(thrown instanceof ControlCallError)) throw thrown;
        const waitMs = Math.max(this.#waitMs, (thrown.retryAfterSeconds ?? 0) * 1000);
        onNotice(
          `${thrown.message}; reports that wait: at least ${batch.length}; next try in ${Math.round(waitMs / 1000)} s`,
        );
        this.#waitMs = Math.min(MAX_WAIT_MS, waitMs * 2);
        return false;
      }
    }
  }

  /** @throws ControlCallError that is temporary, or that concerns all reports (a wrong token) */
  async #sendBatch(batch: readonly SpooledReport[]): Promise<void> {
    const { spool, client, onNotice } = this.#options;
    try {
      const answer = await client.post(
        '/api/v1/density',
        batch.length === 1 ? batch[0]!.report : batch.map((each) => each.report),
      );
      const { reports } = answer as { reports?: readonly ReportFate[] };
      for (const [i, { name, report }] of batch.entries()) {
        await spool.remove(name);
        this.#options.onTaken?.(report, reports?.[i] ?? UNKNOWN_FATE);
      }
    } catch (thrown) {
      if (!(thrown instanceof ControlCallError) || thrown.isTemporary || thrown.status === 401) throw thrown;
      if (batch.length > 1) {
        for (const each of batch) await this.#sendBatch([each]);
        return;
      }
      onNotice(`${thrown.message}; the report is set aside as ${batch[0]!.name}.refused`);
      await spool.setAside(batch[0]!.name, 'refused');
    }
  }
}
