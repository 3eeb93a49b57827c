/**
 * The RPZ server as it runs: compiles the zones from the configuration, the health of the targets and the records of the
 * originals, and publishes them again when one of these changes. It runs in the main thread: transfers are rare and small,
 * and the main thread has the data for the zones.
 */
import { type Alarm, alarm } from '../../domain/alarm.js';
import { nounFor, shortList } from '../../domain/counted.js';
import { type Endpoint, formatEndpoint } from '../../net/endpoint.js';
import type { Apply, PartContext, PartListener, RunningPart } from '../../part/part.js';
import type { SqliteDatabase } from '../../store/sqlite/database.js';
import { PolicyZoneStore } from '../../store/sqlite/policy-zone-store.js';
import { type ActiveRedirections, activeRedirections } from '../active-redirections.js';
import type { AnnounceListener } from '../bittorrent-text.js';
import type { RunningHealth } from '../health/running-health.js';
import { compileRedirectPolicy } from '../redirect-policy.js';
import type { RedirectConfig, RedirectSection } from '../section.js';
import { TYPE_CNAME, TYPE_NS } from '../wire/dns-codes.js';
import { type DomainName, nameFromText, nameToText, ROOT_NAME } from '../wire/domain-name.js';
import { type CopiedRecord, compileDataZone, compileExemptZone } from './compile-zones.js';
import { CHECK_SCHEDULE_MS, COPY_EVERY_MS, EXEMPT_EXPIRE_FACTOR, WITHDRAWAL_MS } from './limits.js';
import { COPIED_TYPES, OriginalRecords } from './original-records.js';
import { type RpzSection, withdrawsAtExit } from './rpz-section.js';
import { type RpzAccess, type RpzCounters, RpzServer, type ZoneState } from './rpz-server.js';
import { zoneStoreOver } from './stored-zones.js';

/** What it needs of other parts. */
export interface RpzNeeds extends Pick<PartContext, 'clock' | 'log'> {
  /** Which names may be redirected. */
  readonly redirectionHealth: () => Pick<RunningHealth, 'isHealthy' | 'onChange'>;
  /** Where the tracker really listens. */
  readonly trackerListeners: () => readonly AnnounceListener[];
  readonly database: SqliteDatabase;
  /** The section in force, for exports; they need no RPZ server. */
  readonly redirections: () => RedirectSection | undefined;
}

type RpzConfig = Pick<RedirectConfig, 'dnsRedirect' | 'upstream'>;

export class RunningRpz implements RunningPart<RpzConfig> {
  readonly addresses: readonly Endpoint[];
  readonly #server: RpzServer;
  readonly #originals: OriginalRecords;
  readonly #needs: RpzNeeds;
  readonly #zones: { readonly data: DomainName; readonly exempt: DomainName };
  readonly #unsubscribe: () => void;
  readonly #timers: readonly NodeJS.Timeout[];
  /** In force. Without `rpz`, nothing is redirected: the section was removed, and the program still runs. */
  #config: RedirectSection;
  #expireSeconds: number;
  #published = false;
  /** The program ends: the zone has no names from now on. */
  #withdrawn = false;
  #stopped = false;

  /** @throws OperatorError if it cannot listen */
  static async start(
    { dnsRedirect, upstream }: RpzConfig,
    needs: RpzNeeds,
    previous: Pick<RunningRpz, 'addresses'> | undefined,
  ): Promise<RunningRpz> {
    const rpz = dnsRedirect?.rpz;
    if (dnsRedirect === undefined || rpz === undefined) throw new Error('started only where it is configured');
    const zones = { data: nameFromText(rpz.zone), exempt: nameFromText(rpz.exemptZone) };
    const server = new RpzServer({
      listen: previous?.addresses ?? rpz.listen,
      zones: [zones.exempt, zones.data],
      access: accessOf(rpz),
      serials: rpz.serials,
      store: zoneStoreOver(new PolicyZoneStore(needs.database)),
      clock: needs.clock,
      log: needs.log,
    });
    await server.start();
    const resolvers = upstream.resolvers.length > 0 ? upstream.resolvers : dnsRedirect.upstreamResolvers;
    const originals = new OriginalRecords(resolvers, copiesIn(server, zones.data));
    return new RunningRpz(server, originals, zones, dnsRedirect, needs);
  }

  private constructor(
    server: RpzServer,
    originals: OriginalRecords,
    zones: { readonly data: DomainName; readonly exempt: DomainName },
    config: RedirectSection,
    needs: RpzNeeds,
  ) {
    this.#server = server;
    this.#originals = originals;
    this.#zones = zones;
    this.#config = config;
    this.#expireSeconds = config.rpz?.expireSeconds ?? 0;
    this.#needs = needs;
    this.addresses = server.addresses;
    this.#unsubscribe = needs.redirectionHealth().onChange((atMs) => this.#publish({ changedAtMs: atMs }));
    this.#timers = [
      setInterval(() => void this.#refresh(), COPY_EVERY_MS).unref(),
      // The schedule opens and closes without any other change.
      setInterval(() => this.#config.schedule.length > 0 && this.#publish(), CHECK_SCHEDULE_MS).unref(),
    ];
    // Names that an earlier run knew are published at once; otherwise the zone would lose them until they are looked up.
    if (this.unknownNames.length === 0) this.#publish({ isFirst: true });
    void this.#refresh();
  }

  get listeners(): readonly PartListener[] {
    const about = 'response policy zones for your own resolvers';
    return this.addresses.map((address) => ({ ...address, url: `dns://${formatEndpoint(address)}`, about }));
  }

  get zones(): ZoneState[] {
    return this.#server.zones;
  }

  get counters(): RpzCounters {
    return this.#server.counters;
  }

  get notifyDelayMs(): number {
    return this.#server.notifyDelayMs;
  }

  /** Redirected names that are missing in the zone, because the records of their originals are not known yet. */
  get unknownNames(): string[] {
    const known = this.#originals.copies;
    return this.#names().filter((name) => !known.has(name));
  }

  alarms(): Alarm[] {
    const lagging = this.zones.flatMap(({ zone, serial, secondaries }) =>
      secondaries
        .filter((each) => each.lags)
        .map(({ secondary, serial: has }) => {
          const endpoint = formatEndpoint(secondary.endpoint);
          const name = nameToText(zone);
          const text = `RPZ: the resolver ${endpoint} has not transferred version ${serial} of ${name} (its version: ${has ?? 'none'})`;
          return alarm('rpz-secondary-lags', { subject: `${endpoint} ${name}`, text });
        }),
    );
    const unknown = this.#published ? this.unknownNames : [];
    const { storeFailure } = this.#server;
    const noRecords = `RPZ: the records of ${shortList(unknown)} cannot be looked up, so the zone is without ${nounFor(unknown.length, 'this name', 'these names')}`;
    return [
      ...lagging,
      ...(unknown.length === 0 ? [] : [alarm('rpz-records-unknown', { text: noRecords })]),
      ...(storeFailure === undefined
        ? []
        : [
            alarm('rpz-not-stored', {
              text: `RPZ: the versions of the zones cannot be stored (${storeFailure}); secondaries may miss changes after a restart`,
            }),
          ]),
    ];
  }

  prepare({ dnsRedirect }: RpzConfig): Apply {
    const next: RedirectSection = dnsRedirect ?? { ...this.#config, rpz: undefined };
    compileRedirectPolicy(next);
    return () => {
      this.#config = next;
      if (next.rpz !== undefined) {
        this.#server.setAccess(accessOf(next.rpz));
        this.#expireSeconds = next.rpz.expireSeconds;
      }
      this.#publish();
      if (this.unknownNames.length > 0) void this.#refresh();
    };
  }

  /** Resolvers keep a zone while its primary is down, and some never let it expire. */
  async beforeExit(): Promise<void> {
    const { rpz } = this.#config;
    if (this.#stopped || rpz === undefined || !withdrawsAtExit(rpz)) return;
    this.#withdrawn = true;
    this.#publish({ isFirst: true });
    const without = await this.#server.whenTaken(this.#zones.data, WITHDRAWAL_MS);
    for (const { endpoint } of without) {
      this.#needs.log.warn(
        { secondary: formatEndpoint(endpoint) },
        `RPZ: ${formatEndpoint(endpoint)} did not take the zone without names within ${WITHDRAWAL_MS / 1_000} s, so it may go on redirecting; see its log`,
      );
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    for (const timer of this.#timers) clearInterval(timer);
    this.#originals.stop();
    await this.#server.stop();
  }

  async #refresh(): Promise<void> {
    const { answered, failed } = await this.#originals.refresh(this.#names());
    if (this.#stopped) return;
    if (failed > 0) this.#needs.log.debug({ answered, failed }, 'RPZ: not all records of originals could be looked up');
    this.#publish({ isFirst: true });
  }

  #publish({ isFirst = false, changedAtMs = this.#needs.clock.nowMs() } = {}): void {
    if (this.#stopped || (!this.#published && !isFirst)) return;
    this.#published = true;
    const { names, clients, optOut, ttlSeconds: ttl } = this.#active();
    const { data, exempt } = this.#zones;
    const expire = this.#expireSeconds;
    const times = { expire: expire * EXEMPT_EXPIRE_FACTOR, ttl };
    // Those who are left alone first: a resolver must not redirect them in between.
    this.#server.publish(exempt, compileExemptZone(exempt, clients, optOut, ttl), times, changedAtMs);
    const isEmpty = this.#withdrawn || this.#config.rpz === undefined;
    const records = compileDataZone(data, isEmpty ? [] : names, this.#originals.copies, ttl);
    this.#server.publish(data, records, { expire, ttl }, changedAtMs);
  }

  #active(): ActiveRedirections {
    const { clock, redirectionHealth, trackerListeners } = this.#needs;
    return activeRedirections(this.#config, redirectionHealth(), clock.nowMs(), trackerListeners());
  }

  /** All that may be redirected, whether they are now or not. */
  #names(): string[] {
    return [...compileRedirectPolicy({ ...this.#config, percent: 100 }).names.keys()];
  }
}

function accessOf({ keys, secondaries }: RpzSection): RpzAccess {
  return {
    keys: keys.map(({ name, algorithm, secret }) => ({
      ...{ name: nameFromText(name), algorithm },
      secret: Buffer.from(secret, 'base64'),
    })),
    secondaries: secondaries.map(({ address, key, notify }) => ({
      ...{ endpoint: address, notify },
      key: key === undefined ? undefined : nameFromText(key),
    })),
  };
}

/** Records of the originals in the versions that an earlier run published, the latest ones of each name. */
function copiesIn(server: RpzServer, zone: DomainName): Map<string, CopiedRecord[]> {
  const copies = new Map<string, CopiedRecord[]>();
  for (const records of server.latestRecordsOf(zone)) {
    const ofVersion = new Map<string, CopiedRecord[]>();
    for (const { name: owner, type, data } of records) {
      if (type === TYPE_CNAME || type === TYPE_NS) continue;
      const name = nameToText(`${owner.slice(0, -zone.length)}${ROOT_NAME}`);
      const copied = ofVersion.get(name) ?? [];
      ofVersion.set(name, copied);
      if (COPIED_TYPES.includes(type)) copied.push({ type, data });
    }
    for (const [name, copied] of ofVersion) if (!copies.has(name)) copies.set(name, copied);
  }
  return copies;
}
