/** Reloads of the configuration file as others see them: counted by result, and reported to the service manager. */
import { family } from '../control-api/metric-families.js';
import type { MetricFamily } from '../control-api/metrics.js';
import type { Clock } from '../domain/clock.js';

/** Told of each reload, whoever asks for it. It runs the reload and passes its errors on. */
export type AroundReload = (reload: () => Promise<void>) => Promise<void>;

export class Reloads {
  readonly #clock: Clock;
  readonly #results = { done: 0, refused: 0 };
  #lastSuccessMs: number | undefined;
  #around: AroundReload = (reload) => reload();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  reportTo(around: AroundReload): void {
    this.#around = around;
  }

  /** @throws what the reload throws */
  async run<Outcome>(reload: () => Promise<Outcome>): Promise<Outcome> {
    let outcome: { readonly value: Outcome } | undefined;
    try {
      await this.#around(async () => {
        outcome = { value: await reload() };
      });
    } catch (thrown) {
      this.#results.refused++;
      throw thrown;
    }
    if (outcome === undefined) throw new Error('the service manager did not run the reload');
    this.#results.done++;
    this.#lastSuccessMs = this.#clock.nowMs();
    return outcome.value;
  }

  metrics(): MetricFamily[] {
    return [
      family(
        'counter',
        'reloads_total',
        'Reloads of the configuration by result; a refused one changed nothing',
        () => Object.entries(this.#results).map(([result, value]) => ({ labels: { result }, value })),
        ['result'],
      ),
      family(
        'gauge',
        'reload_last_success_timestamp_seconds',
        'When the configuration was last reloaded, in seconds since the Unix epoch',
        () => (this.#lastSuccessMs === undefined ? [] : [{ labels: {}, value: this.#lastSuccessMs / 1_000 }]),
      ),
    ];
  }
}
