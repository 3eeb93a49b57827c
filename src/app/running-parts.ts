/** Starts the parts one after another, all in the same way, and knows what each of them shows. */
import type { Config } from '../config/config-schema.js';
import { CONFIG_PARTS, SHARING_PARTS } from '../config/parts.js';
import type { MetricFamily } from '../control-api/metrics.js';
import type { Route } from '../control-api/route.js';
import type { Clock } from '../domain/clock.js';
import type { Logger } from '../logging/logger.js';
import { runAs } from '../part/current-part.js';
import type { PartContext, RunningPart, StartablePart } from '../part/part.js';
import type { PartAddress } from './application.js';
import type { Health } from './health.js';
import { listenerErrors } from './listener-errors.js';
import type { Reloadable } from './reload.js';
import type { createServices, Services, Startable } from './services.js';
import type { StopStack } from './stop-stack.js';
import { Restarts } from './supervision/restarts.js';
import type { Supervisor } from './supervision/supervisor.js';
import type { ThreadWatch } from './supervision/thread-watch.js';

type ConfigPart = (typeof CONFIG_PARTS)[number];
type AnyPart = Omit<StartablePart<Config, Services, RunningPart<Config>>, 'start'> & {
  readonly isOn: (config: Config) => boolean;
  // Not a method, so that the compiler names what a part needs and the services lack.
  readonly start: (config: Config, needs: Services, previous: never) => Promise<RunningPart<Config>>;
};

/** In the order of their start. Sections without a part of their own, such as `storage`, are read by others. */
const PARTS: readonly AnyPart[] = CONFIG_PARTS.filter(
  (part): part is Extract<ConfigPart, { start: unknown }> => 'start' in part,
).flatMap((part): AnyPart[] => [
  ...SHARING_PARTS.filter(({ section, order }) => section === part.key && order === 'before'),
  { ...part, isOn: (config) => part.isOn?.(config) ?? config[part.key] !== undefined },
  ...SHARING_PARTS.filter(({ section, order }) => section === part.key && order === 'after'),
]);

export interface PartsContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: Health;
  readonly supervisor: Supervisor;
  readonly threads: ThreadWatch;
  readonly stops: StopStack;
  /** In force. */
  readonly config: () => Config;
}

export class RunningParts {
  readonly #context: PartsContext;
  /** By name; as they run now, also after a restart. */
  readonly #running = new Map<string, () => RunningPart<Config>>();
  readonly #needs = new Map<string, Services>();

  constructor(context: PartsContext) {
    this.#context = context;
    context.health.addAlarms(() => this.#started().flatMap(({ running }) => running().alarms?.() ?? []));
  }

  /** @throws OperatorError of the first part that cannot start; those before it are on the stack of stops */
  async start(services: ReturnType<typeof createServices>): Promise<void> {
    for (const part of PARTS) this.#needs.set(part.name, { ...services, ...this.#contextOf(part.name) });
    for (const part of PARTS) if (part.isOn(this.#context.config())) await this.#start(part);
  }

  /** The part as it runs now; undefined if it is switched off or not started yet. */
  find<Running>(part: Startable<Running>): Running | undefined {
    return this.#running.get(part.name)?.() as Running | undefined;
  }

  /** For parts that run always, and before those that ask for them. */
  get<Running>(part: Startable<Running>): Running {
    const running = this.find(part);
    if (running === undefined) throw new Error(`${part.name} is not started; parts that need it come after it`);
    return running;
  }

  get addresses(): PartAddress[] {
    return this.#started().flatMap(({ part, running }) =>
      running().listeners.map(({ url, about }) => ({ part: part.label, url, about })),
    );
  }

  get reloadable(): Reloadable[] {
    return this.#started().map(({ part, running }) => ({
      part: part.name,
      prepare: (next) => running().prepare(next),
    }));
  }

  /** Also of parts that are switched off, whose calls say so. */
  async routes(): Promise<Route[]> {
    const routes = PARTS.map(
      (part) => part.routes?.(() => this.#running.get(part.name)?.(), this.#needs.get(part.name)!) ?? [],
    );
    return (await Promise.all(routes)).flat();
  }

  async metrics(): Promise<MetricFamily[]> {
    const metrics = this.#started().map(
      ({ part, running }) => part.metrics?.(running, this.#needs.get(part.name)!) ?? [],
    );
    return (await Promise.all(metrics)).flat();
  }

  async #start(part: AnyPart): Promise<void> {
    const needs = this.#needs.get(part.name)!;
    const { config, health, supervisor, threads, stops } = this.#context;
    if (part.threadName === undefined) {
      const supervised = await supervisor.run<RunningPart<Config>>(part.name, (previous) =>
        part.start(config(), needs, previous as never),
      );
      stops.push(part.name, () => supervised.stop());
      this.#running.set(part.name, () => supervised.running);
      for (const listener of supervised.running.listeners) if (listener.connectCheck) health.watch(part.name, listener);
      return;
    }
    // Only its thread is restarted. An error in the main thread's work for it must not restart the thread.
    const running = await runAs({ part: part.name }, () => part.start(config(), needs, undefined as never));
    stops.push(part.name, () => running.stop());
    this.#running.set(part.name, () => running);
    const { threads: ownThreads = [] } = running;
    if (ownThreads.length === 0) throw new Error(`${part.name} has the name of a thread, and no thread`);
    for (const [i, thread] of ownThreads.entries()) {
      supervisor.add(thread.supervision);
      threads.add({
        name: ownThreads.length === 1 ? part.threadName : `${part.threadName}-${i + 1}`,
        vitals: thread.vitals,
        supervision: {
          get isUp() {
            return thread.supervision.isUp;
          },
          abandon: (reason) => thread.abandon(reason),
        },
      });
    }
  }

  #contextOf(name: string): Pick<PartContext, 'onListenerError' | 'supervise'> {
    const { clock, logger, health } = this.#context;
    return {
      onListenerError: listenerErrors(name, { clock, logger }),
      supervise: (restart, member) => new Restarts(name, { clock, logger, health }, restart, member),
    };
  }

  #started(): { readonly part: AnyPart; readonly running: () => RunningPart<Config> }[] {
    return PARTS.flatMap((part) => {
      const running = this.#running.get(part.name);
      return running === undefined ? [] : [{ part, running }];
    });
  }
}
