/**
 * Runs the demo beside a running lab until it is stopped: the users announce one at a time at a bounded rate, the
 * probes report, and a listener receives the state.
 */
import type { Config } from '../config/config-schema.js';
import type { Clock } from '../domain/clock.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import type { Random } from '../domain/random.js';
import { type Endpoint, reachableHost } from '../net/endpoint.js';
import { parseMetainfo } from '../wire/metainfo.js';
import { demoNetworks, isInner } from './demo-networks.js';
import { controlUrl, type DensitySample, demoSamples, sendSample } from './demo-probe.js';
import { afterAnswer, createDemoUsers, type DemoTorrent, type DemoUser, nextDue } from './demo-users.js';
import { announceOverHttp } from './http-announcer.js';
import type { LabAnnounceAnswer } from './lab-announce.js';
import { loadLabTorrents } from './lab-torrents.js';
import { announceOverUdp } from './udp-announcer.js';

/** At most five announces a second, for any number of users. */
const MIN_PAUSE_MS = 200;
const REPORT_EVERY_MS = 10_000;
/** The number of answers over which the inner share is computed. */
const SHARE_WINDOW = 20;
const MAX_SHARE_HISTORY = 60;
/** Torrents that only the demo's users seed; alice is reserved for people to try. */
const DEMO_TORRENTS = ['sintel', 'leaves'];

export interface DemoState {
  readonly users: readonly DemoUser[];
  readonly announces: number;
  readonly failures: number;
  readonly lastFailure: string | undefined;
  /** The inner part of the peers in the latest answers to inner users, 0 … 1; undefined before the first. */
  readonly innerShare: number | undefined;
  /** One value for each report period, oldest first. */
  readonly shareHistory: readonly number[];
  readonly samples: readonly DensitySample[];
  readonly lastUser: DemoUser | undefined;
}

export interface DemoOptions {
  readonly users: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly onState: (state: DemoState) => void;
}

/** @throws OperatorError if nothing answers, or the configuration is not a lab */
export async function runDemo(config: Config, options: DemoOptions): Promise<void> {
  const { clock, random, signal } = options;
  const networks = demoNetworks(config);
  const trackers = trackerEndpoints(config);
  await requireRunning(config);
  const torrents = demoTorrents(config);
  const users = createDemoUsers(networks, torrents, options.users, clock.nowMs(), random);
  const answers: { inner: number; foreign: number }[] = [];
  const shareHistory: number[] = [];
  let samples: DensitySample[] = [];
  let announces = 0;
  let failures = 0;
  let lastFailure: string | undefined;
  let reportAtMs = clock.nowMs();
  const fail = (why: string): void => {
    failures++;
    lastFailure = why;
  };

  while (!signal.aborted) {
    const nowMs = clock.nowMs();
    if (nowMs >= reportAtMs) {
      reportAtMs = nowMs + REPORT_EVERY_MS;
      const measured = demoSamples(config, nowMs, REPORT_EVERY_MS / 1_000);
      const refused = await Promise.all(
        measured.map((sample) => sendSample(config, sample, nowMs, REPORT_EVERY_MS / 1_000)),
      );
      for (const why of refused) if (why !== undefined) fail(`density report: ${why}`);
      samples = measured;
      const share = shareOf(answers);
      if (share !== undefined) shareHistory.push(share);
      if (shareHistory.length > MAX_SHARE_HISTORY) shareHistory.shift();
    }
    const user = nextDue(users, nowMs);
    if (user) {
      try {
        const answer = await announce(user, trackers);
        announces++;
        const inner = answer.peers.filter((peer) => isInner(config, peer.host)).length;
        const counts = { inner, foreign: answer.peers.length - inner };
        if (user.network.kind !== 'foreign' && user.event !== 'stopped' && answer.peers.length > 0) {
          answers.push(counts);
          if (answers.length > SHARE_WINDOW) answers.shift();
        }
        afterAnswer(user, counts, torrents, nowMs, random);
      } catch (thrown) {
        fail(messageOf(thrown));
        user.nextAtMs = nowMs + REPORT_EVERY_MS;
      }
    }
    const innerShare = shareOf(answers);
    options.onState({ users, announces, failures, lastFailure, innerShare, shareHistory, samples, lastUser: user });
    await pause(MIN_PAUSE_MS, signal);
  }
  await leave(users, trackers);
}

function shareOf(answers: readonly { inner: number; foreign: number }[]): number | undefined {
  const inner = answers.reduce((sum, each) => sum + each.inner, 0);
  const all = answers.reduce((sum, each) => sum + each.inner + each.foreign, 0);
  return all === 0 ? undefined : inner / all;
}

interface TrackerEndpoints {
  readonly udp: Endpoint | undefined;
  readonly http: Endpoint | undefined;
}

function trackerEndpoints(config: Config): TrackerEndpoints {
  const reachable = (protocol: 'udp' | 'http'): Endpoint | undefined => {
    const found = config.tracker.listen.find((each) => each.protocol === protocol && !each.host.includes(':'));
    return found && { host: reachableHost(found.host), port: found.port };
  };
  return { udp: reachable('udp'), http: reachable('http') };
}

function announce(user: DemoUser, trackers: TrackerEndpoints): Promise<LabAnnounceAnswer> {
  const overHttp = (user.protocol === 'http' && trackers.http !== undefined) || trackers.udp === undefined;
  const tracker = overHttp ? trackers.http : trackers.udp;
  if (tracker === undefined)
    throw new OperatorError('tracker.listen has no IPv4 address over UDP or HTTP to announce to');
  const { address, port, peerId, leftBytes, event, torrent } = user;
  const message = { tracker, localAddress: address, port, infoHash: torrent.infoHash, peerId, leftBytes, event };
  return overHttp ? announceOverHttp(message) : announceOverUdp(message);
}

function demoTorrents(config: Config): DemoTorrent[] {
  return loadLabTorrents(config.tracker.announceUrls)
    .filter(({ name }) => DEMO_TORRENTS.includes(name))
    .map(({ name, infoHash, bytes }) => ({ name, infoHash: infoHash ?? '', bytes: parseMetainfo(bytes).totalBytes }));
}

async function requireRunning(config: Config): Promise<void> {
  const url = controlUrl(config);
  try {
    await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(3_000) });
  } catch (thrown) {
    throw new OperatorError(
      `nothing answers at ${url}: start the lab first with "npm start" in another terminal, then run this again`,
      { code: 'unreachable', cause: thrown },
    );
  }
}

/** All users leave their swarms; the tracker expires those whose announce fails. */
async function leave(users: readonly DemoUser[], trackers: TrackerEndpoints): Promise<void> {
  await Promise.allSettled(users.map((user) => announce({ ...user, event: 'stopped' }, trackers)));
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, durationMs);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
