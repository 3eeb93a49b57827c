/**
 * Prometheus metrics: those of the process, and families that other parts own. Values are read when metrics are scraped,
 * so parts count in their own way.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** Values of one part; `read` is called for each scrape. */
export interface MetricFamily {
  /** With the prefix `alias_tracker_` and its unit. */
  readonly name: string;
  readonly help: string;
  /** A histogram yields its buckets with the label `le`, and its sum and count with the label `part`. */
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labelNames: readonly string[];
  read(): Iterable<MetricSample>;
}

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The metrics of the process, made once: prom-client observes garbage collections and the event loop for them, and nothing
 * ends that. The control API makes its own metrics again at each restart.
 */
let processMetrics: Registry | undefined;

function metricsOfProcess(): Registry {
  if (processMetrics === undefined) {
    processMetrics = new Registry();
    collectDefaultMetrics({ register: processMetrics });
    // Gauges with the ending of a counter. The same numbers by type stay.
    for (const what of ['handles', 'requests', 'resources']) {
      processMetrics.removeSingleMetric(`nodejs_active_${what}_total`);
    }
  }
  return processMetrics;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #histograms: MetricFamily[] = [];

  constructor(families: readonly MetricFamily[]) {
    for (const family of families) this.add(family);
  }

  add(family: MetricFamily): void {
    const { name, help, type } = family;
    const options = { name, help, labelNames: [...family.labelNames], registers: [this.#registry] };
    if (type === 'histogram') {
      this.#histograms.push(family);
      return;
    }
    if (type === 'gauge') {
      new Gauge({
        ...options,
        collect() {
          this.reset();
          for (const { labels, value } of family.read()) this.set(labels, value);
        },
      });
      return;
    }
    new Counter({
      ...options,
      collect() {
        this.reset();
        for (const { labels, value } of family.read()) this.inc(labels, value);
      },
    });
  }

  async text(): Promise<{ contentType: string; body: string }> {
    const texts = await Promise.all([metricsOfProcess().metrics(), this.#registry.metrics()]);
    const histograms = this.#histograms.map(histogramText);
    return { contentType: this.#registry.contentType, body: [...texts, ...histograms].join('\n') };
  }
}

/** prom-client counts histograms itself; those of a part are counted where the work is. */
function histogramText({ name, help, read }: MetricFamily): string {
  const lines = [...read()].map(({ labels: { le, part }, value }) =>
    le === undefined ? `${name}_${part} ${value}` : `${name}_bucket{le="${le}"} ${value}`,
  );
  return [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...lines, ''].join('\n');
}
