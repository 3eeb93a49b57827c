/** The alarms as a part of the program. */
import type { Part } from '../../part/part.js';
import type { AlarmsNeeds, RunningAlarms } from './running-alarms.js';
import { type AlarmsConfig, schema } from './section.js';

export const alarmsPart: Part<'alarms', typeof schema, AlarmsConfig, AlarmsNeeds, RunningAlarms> = {
  key: 'alarms',
  name: 'alarms',
  label: 'alarms',
  schema,
  live: ['webhook', 'history'],
  text: `alarms:                                 # docs/alarms.md lists them
  # webhook:                            # gets each beginning and end as JSON, in the format of Alertmanager
  #   url: "https://alerts.example.net/hook"
  #   token: "\${ALARM_TOKEN}"           # optional: sent as bearer token
  #   minSeverity: warning              # or critical
  history: 366d                         # how long past alarms are kept
`,
  start: async (config, needs) => new (await import('./running-alarms.js')).RunningAlarms(config, needs),
  routes: async (_, { alarmBook, alarmStore }) => {
    const { alarmRoutes } = await import('../api/alarm-routes.js');
    return alarmRoutes(alarmBook, alarmStore);
  },
  metrics: async (running, { alarmBook }) => {
    const { alarmMetrics } = await import('../api/alarm-metrics.js');
    return alarmMetrics(alarmBook, () => running().webhook.counts);
  },
};
