/**
 * What an operator has switched off, as the other parts see it: a paused redirection is one whose targets do not work, so
 * DNS forwards, and zones and exports are without names. Also the log of operator actions, and readiness.
 */

import type { Readiness } from '../control-api/health-routes.js';
import { alarmLine } from '../domain/alarm.js';
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { Logger } from '../logging/logger.js';
import { mirrorSitePart } from '../mirror-site/part.js';
import { AlarmBook } from '../operation/alarms/alarm-book.js';
import { inWords, Pauses } from '../operation/pauses.js';
import { alarmStore } from '../store/sqlite/alarm-store.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import { type OperatorAction, operatorLog } from '../store/sqlite/operator-log.js';
import { pauseStore } from '../store/sqlite/pause-store.js';
import type { DataPlane } from '../tracker/data-plane.js';
import { trackerPart } from '../tracker/part.js';
import type { Health } from './health.js';

interface Foundation {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: Pick<Health, 'isHealthy' | 'onChange' | 'reasons' | 'alarms' | 'faults'>;
  readonly database: SqliteDatabase;
}

export function operationServices(
  { clock, logger, health, database }: Foundation,
  dataPlane: () => Pick<DataPlane, 'counters'>,
) {
  const pauses = new Pauses({ store: pauseStore(database), clock, log: logger });
  const log = operatorLog(database);
  const alarms = alarmStore(database);
  const alarmBook = new AlarmBook({
    store: alarms,
    clock,
    log: logger,
    alarms: () => [...health.faults(), ...health.alarms()],
  });
  const readiness: Readiness = {
    reasons: () => {
      const drain = pauses.of('drain');
      const draining = drain && `${inWords(drain)} (by ${drain.actor}); end it with alias-tracker resume drain`;
      return [...(draining === undefined ? [] : [`operation: ${draining}`]), ...health.reasons()];
    },
    isDraining: () => pauses.of('drain') !== undefined,
    alarms: () => health.alarms().map(alarmLine),
  };
  return {
    pauses,
    operatorLog: log,
    alarmBook,
    alarmStore: alarms,
    announces: () => {
      const { udp, http } = dataPlane().counters().announces;
      return udp + http;
    },
    localisationPaused: () => pauses.isLocalisationOff,
    onLocalisationPause: (listener: () => void) => pauses.onChange(listener),
    targets: {
      mirrorIsHealthy: () => !pauses.isRedirectionOff && health.isHealthy(mirrorSitePart.name),
      trackerIsHealthy: () => !pauses.isRedirectionOff && health.isHealthy(trackerPart.name),
      onChange: (listener: () => void) => {
        const leave = [health.onChange(listener), pauses.onChange(listener)];
        return () => {
          for (const each of leave) each();
        };
      },
    },
    /** Why nothing is redirected, whatever the targets do. */
    redirectionOff: () => {
      const pause = pauses.of('redirection') ?? pauses.of('drain');
      return pause && { text: inWords(pause), untilMs: pause.untilMs };
    },
    readiness,
    /** What was done is done, also if it cannot be stored. */
    onAction: (action: OperatorAction): void => {
      try {
        log.add(action);
      } catch (thrown) {
        logger.error({ err: thrown, ...action }, `the log of operator actions cannot be written: ${messageOf(thrown)}`);
      }
    },
  };
}
