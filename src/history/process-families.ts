/** Memory and processor time as series. Prometheus gets the same numbers from prom-client, under its own names. */
import { cpuUsage, memoryUsage } from 'node:process';
import { single } from '../control-api/metric-families.js';
import type { MetricFamily } from '../control-api/metrics.js';

export function processFamilies(): MetricFamily[] {
  return [
    single('gauge', 'resident_memory_bytes', 'Resident memory of the process', () => memoryUsage.rss()),
    single('counter', 'processor_seconds_total', 'Processor time of the process', () => {
      const { user, system } = cpuUsage();
      return (user + system) / 1e6;
    }),
  ];
}
