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
  'part-down': {
    severity: 'critical',
    remedy: 'repair what the text names; the log has the details, and the tracker keeps trying to restart the part',
  },
  'part-restarted': {
    severity: 'warning',
    remedy: 'no action is needed if it happened once; otherwise report it with the log',
  },
  'uncaught-error': { severity: 'warning', remedy: 'report it as a defect, with the stack from the log' },
  'thread-slow': {
    severity: 'warning',
    remedy: 'check whether this machine is overloaded, swaps, or was suspended',
  },
  'database-damaged': { severity: 'critical', remedy: 'stop the tracker and restore a backup: alias-tracker restore' },
  'operation-paused': { severity: 'warning', remedy: 'end it with alias-tracker resume' },
  'store-nearly-full': { severity: 'warning', remedy: 'raise tracker.limits.maxPeers or maxTorrents' },
  'proxy-hides-clients': {
    severity: 'warning',
    remedy:
      'configure the proxy to send X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For $remote_addr), or the PROXY protocol to a listener of tracker.proxyProtocol',
  },
  'ports-not-covered': {
    severity: 'warning',
    remedy: 'stop the program that uses the port, or allow the tracker to open it; then restart the tracker',
  },
  'originals-unreachable': {
    severity: 'warning',
    remedy: 'check that this machine reaches the Internet, and that upstream.resolvers answer',
  },
  'original-budget-spent': {
    severity: 'warning',
    remedy: 'wait for the next hour, or raise upstream.limits.requestsPerHour if the tracker allows more requests',
  },
  'dht-unreachable': {
    severity: 'warning',
    remedy: 'check upstream.dht.bootstrap, upstream.resolvers, and that the firewall lets UDP out',
  },
  'certificate-expiring': {
    severity: 'warning',
    remedy: 'renew the certificate, and check why it was not renewed automatically',
  },
  'certificate-expired': {
    severity: 'critical',
    remedy: 'renew the certificate; the tracker reads the new file without a restart',
  },
  'certificate-unusable': {
    severity: 'warning',
    remedy: 'repair the files; the tracker uses the previous certificate and key until then',
  },
  'original-site-failing': {
    severity: 'warning',
    remedy: 'check that this machine reaches the site; until it answers, readers get a page with the local copy',
  },
  'original-site-https-only': {
    severity: 'warning',
    remedy: 'give the mirror site a certificate for the name, or remove the site from dnsRedirect.sites',
  },
  'redirection-withdrawn': {
    severity: 'warning',
    remedy: 'repair what the text names; alias-tracker dns check lists every name and check',
  },
  'rpz-secondary-lags': {
    severity: 'warning',
    remedy: 'read the log of that resolver, and check TCP from it to here, allow-notify, and the TSIG key',
  },
  'rpz-records-unknown': { severity: 'warning', remedy: 'check that upstream.resolvers answer for these names' },
  'rpz-not-stored': { severity: 'warning', remedy: 'free disk space in storage.directory' },
  'cache-down': {
    severity: 'warning',
    remedy: 'check that the client of the cache runs and that caches[].url and its password are right',
  },
  'probe-silent': {
    severity: 'warning',
    remedy: 'read the log of the probe, and check that it reaches the control API',
  },
  'probe-never-reported': {
    severity: 'warning',
    remedy: 'start the probe with the set-up lines of its page, or remove it from reports.probes',
  },
  'probe-implausible': {
    severity: 'warning',
    remedy:
      'check what the probe counts; if its traffic has really changed, accept the new values: POST /api/v1/probes/{probe}/release',
  },
  'probe-users-unknown': {
    severity: 'warning',
    remedy: 'let the probe report users, or send them from the BRAS: POST /api/v1/users',
  },
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
