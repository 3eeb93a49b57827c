import { describe, expect, it } from 'vitest';
import { EVENT_STOPPED } from '../../../../src/tracker/announce-request.js';
import {
  announce,
  CHEAP,
  costTable,
  createStore,
  DEAR,
  FIXTURE_GROUPS,
  HOME_A,
  HOME_B,
  hosts,
  infoHash,
  SWARM_KINDS,
} from './store-fixture.js';

const query = (over = {}) => ({
  infoHash: infoHash(1),
  family: 4 as const,
  words: [0xcb000032],
  group: HOME_A,
  ...over,
});

describe.each(SWARM_KINDS)('explaining an answer of a %s swarm', (_kind, thresholds) => {
  const create = (mix = {}) => {
    const reported = new Map([['203.0.0.11', 7 | 128]]);
    const store = createStore({ ...thresholds, policy: costTable(FIXTURE_GROUPS, { mix, reported }) });
    for (let host = 1; host <= 4; host++) announce(store, { host, group: HOME_A });
    for (let host = 11; host <= 12; host++) announce(store, { host, group: HOME_B, seed: true });
    for (let host = 21; host <= 23; host++) announce(store, { host, group: CHEAP });
    for (let host = 31; host <= 33; host++) announce(store, { host, group: DEAR });
    return store;
  };

  it('a client known by its address alone is not a candidate of itself', () => {
    const explanation = create().explain(query({ words: [0xcb000001] }), 50);
    expect(explanation.requester.inSwarm).toBe(true);
    expect(explanation.chosen.map(({ words }) => words[0])).not.toContain(0xcb000001);
    expect(explanation.mix.innerAvailable).toBe(5);
  });

  it('of several clients behind one address the port says which; without one it says whom it took', () => {
    const store = create();
    announce(store, { host: 1, port: 7_001, group: HOME_A, seed: true });
    announce(store, { host: 1, port: 7_002, group: HOME_A });
    const seed = store.explain(query({ words: [0xcb000001], port: 7_001 }), 50);
    expect(seed.requester).toMatchObject({ inSwarm: true, port: 7_001, peersAtAddress: 3, seed: true });
    expect(seed.classes.filter(({ reason }) => reason === 'seeds-are-not-given-to-seeds')).toHaveLength(2);
    const leecher = store.explain(query({ words: [0xcb000001], port: 7_002 }), 50);
    expect(leecher.requester).toMatchObject({ inSwarm: true, port: 7_002, peersAtAddress: 3, seed: false });
    const newcomer = store.explain(query({ words: [0xcb000001], port: 7_003 }), 50);
    expect(newcomer.requester).toMatchObject({ inSwarm: false, port: null, peersAtAddress: 3, seed: false });
    expect([6_881, 7_001, 7_002]).toContain(store.explain(query({ words: [0xcb000001] }), 50).requester.port);
    expect(store.explain(query({ words: [0xcb000002] }), 50).requester).toMatchObject({
      port: 6_881,
      peersAtAddress: 1,
    });
    expect(store.explain(query(), 50).requester).toMatchObject({ inSwarm: false, port: null, peersAtAddress: 0 });
  });

  it('tells each class with what ranked it, best first, and who was chosen', () => {
    const { classes, mix, chosen } = create({ foreignPeersMax: 4 }).explain(query(), 50);
    expect(
      classes.map(({ group, role, tier, score, count, chosen, reason }) => [
        group,
        role,
        tier,
        score,
        count,
        chosen,
        reason,
      ]),
    ).toEqual([
      [HOME_B, 'serving', 0, 5, 1, 1, 'chosen'],
      [HOME_A, 'leecher', 0, 25, 4, 4, 'chosen'],
      [HOME_B, 'serving', 0, 29, 1, 1, 'chosen'],
      [CHEAP, 'leecher', 2, 28, 3, 3, 'chosen'],
      [DEAR, 'leecher', 2, 28, 3, 1, 'chosen-in-part'],
    ]);
    expect(classes[0]).toMatchObject({
      capabilityLevel: 7,
      capabilitySource: 'reported',
      cache: true,
      densityLevel: 10,
    });
    expect(classes[1]).toMatchObject({
      capabilityLevel: 4,
      capabilitySource: 'neutral',
      densityLevel: 2,
      partition: 0,
    });
    expect(classes[4]).toMatchObject({ rateRank: 5, partition: 15 });
    expect(mix).toMatchObject({
      reason: 'too-few-inner',
      innerAvailable: 6,
      foreignAvailable: 6,
      inner: 6,
      foreign: 4,
    });
    expect(chosen).toHaveLength(10);
  });

  it('says why a class is out', () => {
    const reasons = (mix: object, over = {}, numWant = 50, store = create(mix)) =>
      Object.fromEntries(
        store.explain(query(over), numWant).classes.map(({ group, role, reason }) => [`${group} ${role}`, reason]),
      );
    expect(reasons({ enoughInnerPeers: 3 })[`${CHEAP} leecher`]).toBe('enough-inner-peers');
    expect(reasons({ foreignPeersMax: 2 })[`${DEAR} leecher`]).toBe('foreign-limit-reached');
    expect(reasons({}, { seed: true })[`${HOME_B} serving`]).toBe('seeds-are-not-given-to-seeds');
    expect(reasons({}, {}, 2)[`${HOME_A} leecher`]).toBe('chosen-in-part');
    expect(reasons({}, {}, 1)[`${HOME_A} leecher`]).toBe('better-ones-filled-the-answer');
    // The seed on host 11 is an operator's cache, which counts as one that serves.
    expect(reasons({ gatewaysMax: 2 })[`${CHEAP} leecher`]).toBe('enough-inner-peers');
    const open = create({ gatewaysMax: 5, foreignPeersWhenNoInnerSeed: 2 });
    announce(open, { host: 11, group: HOME_B, event: EVENT_STOPPED });
    expect(reasons({}, {}, 50, open)[`${CHEAP} leecher`]).toBe('chosen-in-part');
    const full = create({ gatewaysMax: 2 });
    announce(full, { host: 11, group: HOME_B, event: EVENT_STOPPED });
    for (const host of [1, 2]) announce(full, { host, group: HOME_A });
    expect(reasons({}, {}, 50, full)[`${CHEAP} leecher`]).toBe('requester-is-not-a-gateway');
    // Draft 4.2 a: with enough inner peers nobody needs to be a gateway.
    const enough = create({ gatewaysMax: 2, enoughInnerPeers: 6 });
    announce(enough, { host: 11, group: HOME_B, event: EVENT_STOPPED });
    for (const host of [1, 2, 5]) announce(enough, { host, group: HOME_A });
    expect(reasons({}, {}, 50, enough)[`${CHEAP} leecher`]).toBe('enough-inner-peers');
    expect(reasons({ gatewaysMax: 2 }, { group: CHEAP })[`${HOME_A} leecher`]).toBe(
      'only-gateways-are-shown-to-foreign-peers',
    );
  });

  it('says who has shown that it serves, and who starves', () => {
    const store = create({ gatewaysMax: 4 });
    announce(store, { host: 1, group: HOME_A, now: 1_100, downloaded: 0 });
    announce(store, { host: 2, group: HOME_A, now: 1_100, downloaded: 1e6 });
    const newcomer = store.explain(query(), 50);
    expect(newcomer.supply).toEqual({
      innerSeeds: 2,
      serving: 1,
      starving: 1,
      innerLeechers: 5,
      suffices: true,
      requesterStarves: false,
    });
    expect(newcomer.mix.reason).toBe('enough-inner');
    const starving = store.explain(query({ words: [0xcb000001] }), 50);
    expect(starving.supply).toMatchObject({ requesterStarves: true, innerLeechers: 4 });
    expect(starving.mix).toMatchObject({ reason: 'requester-starves' });
    expect(starving.requester.gateway).toBe(true);
  });

  it('leaves no trace: gateways are not appointed by being explained', () => {
    const store = create({ gatewaysMax: 1 });
    const first = store.explain(query(), 50);
    expect(store.explain(query(), 50).gateways).toBe(first.gateways);
    expect(store.stats.peers).toBe(12);
  });

  it('a gateway is explained by what it would be given, whatever was asked before', () => {
    const store = create({ gatewaysMax: 2, foreignPeersWhenNoInnerSeed: 4 });
    for (const host of [11, 12]) announce(store, { host, group: HOME_B, event: EVENT_STOPPED });
    const given = hosts(announce(store, { host: 1, group: HOME_A, now: 1_100 }).peers).filter((host) => host > 20);
    expect(given).toHaveLength(4);
    // Somebody in another swarm, whose gateway is given fewer, because one of them is a seed.
    announce(store, { host: 40, group: CHEAP, torrent: 2, seed: true });
    for (let host = 1; host <= 24; host++) announce(store, { host, group: HOME_A, torrent: 2 });
    const { requester, mix } = store.explain(query({ words: [0xcb000001] }), 50);
    expect(requester.gateway).toBe(true);
    expect(mix.foreign).toBe(given.length);
  });

  it('does not count the client as its own candidate, and knows an unknown swarm', () => {
    const { classes, requester } = create().explain(query({ words: [0xcb000001], port: 6881 }), 50);
    expect(classes.find(({ group, role }) => group === HOME_A && role === 'leecher')?.count).toBe(3);
    expect(requester.inSwarm).toBe(true);
    expect(create().explain(query({ infoHash: infoHash(9) }), 50)).toMatchObject({
      found: false,
      classes: [],
      chosen: [],
    });
  });
});
