/**
 * What of a new configuration a reload puts in force: the keys that parts declare as live. Every other key keeps the value
 * that the process started with and is named, so that a key that nobody thought of is named rather than half in force.
 */
import { type Config, configSchema } from '../config/config-schema.js';
import { LIVE_KEYS } from '../config/parts.js';
import { changedKeys, withLiveKeys } from '../config-kit/changed-keys.js';

/**
 * @param started what the process started with: what has waited for a restart since an earlier reload still does
 * @returns keys as they are written, a whole section where it came or went
 */
export function keysThatNeedRestart(started: Config, next: Config): string[] {
  return changedKeys(configSchema, started, next).filter((key) => !LIVE_KEYS.has(key));
}

/** @returns the configuration that is in force once `next` has been taken; a section that came is not, one that went is not either */
export function configInForce(started: Config, next: Config): Config {
  return withLiveKeys(configSchema, LIVE_KEYS, started, next) as Config;
}
