/** Rules between keys: those of each part, and those that look at what all parts declare. All of them run. */
import type { Report } from '../config-kit/config-part.js';
import type { Config } from './config-schema.js';
import { listenersDoNotClash } from './listeners.js';
import { CONFIG_PARTS } from './parts.js';
import { knownSubdomainsOnly } from './subdomain-references.js';

export function checkAcrossFields(config: Config, report: Report): void {
  for (const { checks } of CONFIG_PARTS) for (const check of checks ?? []) check(config, report);
  knownSubdomainsOnly(config, report);
  listenersDoNotClash(config, report);
}
