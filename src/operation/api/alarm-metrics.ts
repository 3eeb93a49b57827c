/** The metrics of alarms, and of the messages about them. */
import { family, labelled } from '../../control-api/metric-families.js';
import type { MetricFamily } from '../../control-api/metrics.js';
import { ALARM_CATALOGUE, ALARM_IDS } from '../../domain/alarm.js';
import type { AlarmBook } from '../alarms/alarm-book.js';

export function alarmMetrics(book: AlarmBook, webhook: () => Readonly<Record<string, number>>): MetricFamily[] {
  return [
    family(
      'gauge',
      'alarms',
      'Open alarms of each kind',
      () => {
        const open = book.open();
        return ALARM_IDS.map((id) => ({
          labels: { id, severity: ALARM_CATALOGUE[id].severity },
          value: open.filter((each) => each.id === id).length,
        }));
      },
      ['id', 'severity'],
    ),
    labelled('alarm_webhook_messages_total', 'Messages to the webhook of alarms, by result', 'result', () => ({
      ...webhook(),
    })),
  ];
}
