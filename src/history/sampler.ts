/**
 * Turns readings into the values of one minute: gauges as they are, counters as their growth since the last reading. A counter that
 * has become smaller was reset to zero, because its part or the process was restarted.
 */
import { messageOf } from '../domain/errors.js';
import { type Families, type MetricChoice, readChoice, type SeriesDefinition } from './series-definition.js';

export interface Sample {
  readonly definition: SeriesDefinition;
  readonly label: string;
  readonly value: number;
}

export interface SamplerOptions {
  readonly definitions: readonly SeriesDefinition[];
  /** Called once for each series that cannot be read, until it can be read again. */
  readonly onError: (name: string, reason: string) => void;
}

export class Sampler {
  readonly #options: SamplerOptions;
  /** By metric choice, then by label. */
  readonly #before = new Map<MetricChoice, Map<string, number>>();
  readonly #failing = new Set<string>();

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  /** The first call only remembers the counters. */
  sample(families: Families): Sample[] {
    const { definitions, onError } = this.#options;
    return definitions.flatMap((definition) => {
      const { name } = definition;
      try {
        const values = this.#valuesOf(definition, families);
        this.#failing.delete(name);
        return [...values].map(([label, value]) => ({ definition, label, value }));
      } catch (thrown) {
        if (!this.#failing.has(name)) onError(name, messageOf(thrown));
        this.#failing.add(name);
        return [];
      }
    });
  }

  #valuesOf(definition: SeriesDefinition, families: Families): Map<string, number> {
    const { label } = definition;
    if (!('of' in definition)) {
      const { kind } = definition;
      return kind === 'gauge' ? readChoice(definition, label, families) : this.#growthOf(definition, label, families);
    }
    const of = this.#growthOf(definition.of, label, families);
    const to = this.#growthOf(definition.to, label, families);
    return new Map(
      [...to].filter(([, growth]) => growth > 0).map(([key, growth]) => [key, (of.get(key) ?? 0) / growth]),
    );
  }

  #growthOf(choice: MetricChoice, label: string | undefined, families: Families): Map<string, number> {
    const before = this.#before.get(choice);
    const now = readChoice(choice, label, families);
    this.#before.set(choice, now);
    if (before === undefined) return new Map();
    return new Map(
      [...now].map(([key, value]) => {
        const earlier = before.get(key) ?? 0;
        return [key, value >= earlier ? value - earlier : value];
      }),
    );
  }
}
