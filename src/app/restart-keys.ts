/**
 * The keys of a new configuration that a reload puts in force: those that parts declare as live. Every other key keeps the
 * value of the start and is reported, so that a key that no part declares is reported instead of half in force.
 */
import { type Config, configSchema } from '../config/config-schema.js';
import { CONFIG_PARTS } from '../config/parts.js';
import { changedKeys, withLiveKeys } from '../config-kit/changed-keys.js';

/** As written from the root: `dnsRedirect.ttl`. */
export const LIVE_KEYS: ReadonlySet<string> = new Set(
  CONFIG_PARTS.flatMap(({ key, live }: { key: string; live: readonly string[] | 'whole' }) =>
    live === 'whole' ? [key] : live.map((name) => `${key}.${name}`),
  ),
);

/**
 * @param started the configuration of the start: a key that needed a restart at an earlier reload still needs it
 * @returns keys as they are written; the whole section if it was added or removed
 */
export function keysThatNeedRestart(started: Config, next: Config): string[] {
  return changedKeys(configSchema, started, next).filter((key) => !LIVE_KEYS.has(key));
}

/** @returns the configuration in force after a reload with `next`. Added and removed sections need a restart */
export function configInForce(started: Config, next: Config): Config {
  return withLiveKeys(configSchema, LIVE_KEYS, started, next) as Config;
}
