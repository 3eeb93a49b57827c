/** The time series as a part of the program: their section of the configuration, and how they are started. */
import type { Part } from '../part/part.js';
import type { HistoryNeeds, RunningHistory } from './running-history.js';
import { type HistoryConfig, schema } from './section.js';

export const historyPart: Part<'history', typeof schema, HistoryConfig, HistoryNeeds, RunningHistory> = {
  key: 'history',
  name: 'history',
  label: 'history',
  schema,
  live: [],
  text: `history:                                # time series behind the plots of the dashboard, in the database
  minutes: 48h                          # how long a value for each minute is kept
  fiveMinutes: 30d                      # mean, minimum and maximum of five minutes
  hours: 730d                           # and of an hour
`,
  start: async (config, needs, previous) => {
    const { RunningHistory } = await import('./running-history.js');
    const running = previous ?? new RunningHistory(config, needs);
    running.start();
    if (previous === undefined) running.mark('start', 'the tracker started');
    return running;
  },
  routes: async (running, { clock }) => {
    const { historyRoutes } = await import('./api/history-routes.js');
    return historyRoutes(running, clock);
  },
  metrics: async (running) => {
    const { single } = await import('../control-api/metric-families.js');
    return [single('gauge', 'database_bytes', 'Size of the database file', () => running().store.databaseBytes())];
  },
};
