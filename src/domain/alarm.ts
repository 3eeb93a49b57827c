/**
 * Every alarm of the program, in one place: what needs attention although the program serves, or why a part does not.
 * docs/alarms.md has a section for each; `test/repo/alarms.test.ts` compares the two.
 */

export type Severity = 'warning' | 'critical';

interface Entry {
  /** `critical`: users lose something now, or soon. */
  readonly severity: Severity;
  /** What to do, where the alarm itself does not say a more exact one. */
  readonly remedy: string;
}

export const ALARM_CATALOGUE = {
  'part-down': { severity: 'critical', remedy: 'see the log' },
  'part-restarted': { severity: 'warning', remedy: 'the log has more' },
  'uncaught-error': { severity: 'warning', remedy: 'the log has more' },
  'thread-slow': { severity: 'warning', remedy: 'see what else this machine does' },
  'database-damaged': { severity: 'critical', remedy: 'stop the tracker to restore a backup' },
  'operation-paused': { severity: 'warning', remedy: 'alias-tracker resume ends it' },
  'store-nearly-full': { severity: 'warning', remedy: 'raise tracker.limits' },
  'proxy-hides-clients': {
    severity: 'warning',
    remedy:
      'let the proxy send X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For $remote_addr), or the PROXY protocol to a listener of tracker.proxyProtocol',
  },
  'ports-not-covered': { severity: 'warning', remedy: 'free the port' },
  'originals-unreachable': {
    severity: 'warning',
    remedy: 'check upstream.resolvers, and that this machine reaches them',
  },
  'original-budget-spent': {
    severity: 'warning',
    remedy: 'raise upstream.limits.requestsPerHour if the tracker allows it',
  },
  'dht-unreachable': {
    severity: 'warning',
    remedy: 'check upstream.dht.bootstrap, upstream.resolvers and UDP outwards',
  },
  'certificate-expiring': { severity: 'warning', remedy: 'see why it was not renewed' },
  'certificate-expired': { severity: 'critical', remedy: 'renew it' },
  'certificate-unusable': { severity: 'warning', remedy: 'the pair before it is used' },
  'original-site-failing': { severity: 'warning', remedy: 'readers get a page with the local copy' },
  'original-site-https-only': { severity: 'warning', remedy: 'give the mirror site a certificate for its name' },
  'redirection-withdrawn': { severity: 'warning', remedy: 'see alias-tracker dns check' },
  'rpz-secondary-lags': {
    severity: 'warning',
    remedy: 'see its log, and check TCP from there, allow-notify and the key',
  },
  'rpz-records-unknown': { severity: 'warning', remedy: 'check upstream.resolvers' },
  'rpz-not-stored': { severity: 'warning', remedy: 'free space in storage.directory' },
  'cache-down': { severity: 'warning', remedy: 'see alias-tracker cache status' },
  'probe-silent': { severity: 'warning', remedy: 'see the log of the probe, and whether it reaches the control API' },
  'probe-implausible': {
    severity: 'warning',
    remedy: 'check the probe; after a real change of its traffic: POST /api/v1/probes/{probe}/release',
  },
  'probe-users-unknown': { severity: 'warning', remedy: 'let the probe or the BRAS report users' },
} as const satisfies Readonly<Record<string, Entry>>;

export type AlarmId = keyof typeof ALARM_CATALOGUE;
export const ALARM_IDS = Object.keys(ALARM_CATALOGUE) as AlarmId[];

export interface Alarm {
  readonly id: AlarmId;
  readonly severity: Severity;
  /** Distinguishes alarms of one id: the name of a probe, a part, a site. Stable while the alarm lasts. */
  readonly subject: string | undefined;
  /** What it is, one line. It may change while the alarm lasts. */
  readonly text: string;
  /** What to do. */
  readonly remedy: string;
  /** The place in the documents. */
  readonly document: string;
}

export interface AlarmGiven {
  readonly subject?: string | undefined;
  readonly text: string;
  /** Default: of the catalogue. */
  readonly remedy?: string | undefined;
}

export function alarm(id: AlarmId, { subject, text, remedy = ALARM_CATALOGUE[id].remedy }: AlarmGiven): Alarm {
  return { id, severity: ALARM_CATALOGUE[id].severity, subject, text, remedy, document: `docs/alarms.md#${id}` };
}

/** For readiness and logs. */
export function alarmLine({ text, remedy }: Pick<Alarm, 'text' | 'remedy'>): string {
  return `${text}; ${remedy}`;
}
