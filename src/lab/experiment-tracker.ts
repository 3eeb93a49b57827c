/**
 * The alias tracker of an experiment, a process of its own: `node experiment-tracker.js CONFIG START`. Its clock begins at
 * START (milliseconds since 1970). A line with another instant on standard input sets the clock to it, so that a day takes a
 * minute; then the line `set` on standard output follows.
 */
import { createInterface } from 'node:readline';
import { createApp } from '../app/create-app.js';
import { loadConfig } from '../config/parse-config.js';
import { createLogger } from '../logging/logger.js';

const [configFile = '', start] = process.argv.slice(2);
const config = loadConfig(configFile, process.env);
let aheadMs = Number(start) - Date.now();
const app = createApp(config, {
  clock: { nowMs: () => Date.now() + aheadMs },
  logger: createLogger(config.logging.level),
});
await app.start();
for await (const line of createInterface({ input: process.stdin })) {
  aheadMs = Number(line) - Date.now();
  // Timers go by real time, so they are set again.
  await app.reload(config);
  console.log('set');
}
