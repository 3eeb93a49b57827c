/** A scenario file: the networks, peers, content, and policies to compare. Strict YAML. */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { timeOfDay } from '../config-kit/field-schemas.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import { rampFor, scheduleEntry } from '../policy/section.js';

export const POLICY_NAMES = ['random', 'as-only', 'full', 'hours', 'hours-cache'] as const;
export type PolicyName = (typeof POLICY_NAMES)[number];

const positive = z.number().positive();
const count = z.int().min(1);

const network = z.strictObject({
  name: z.string().min(1),
  /** The number of networks of this kind: `isp 1`, `isp 2`, … */
  count: count.max(250).default(1),
  /** Peers in each. */
  peers: z.int().min(0).max(50_000),
  uplinkBps: positive,
  downlinkBps: positive,
  /** Peers arrive evenly over this time, starting at `arrivalStartSeconds`. */
  arrivalSeconds: z.number().min(0).default(10),
  arrivalStartSeconds: z.number().min(0).default(0),
  /** How long a peer stays after its download; "forever" means until the end. */
  seedForSeconds: z.union([z.number().min(0), z.literal('forever')]).default(0),
  /** The share of its peers that accept no connections, because of NAT or a firewall. They connect to others. */
  firewalledShare: z.number().min(0).max(1).default(0),
  /**
   * For each peer, how many more are listed as seeds and serve nobody: switched off without notice, or invented. They
   * are listed from the beginning, and announce again.
   */
  silentShare: z.number().min(0).max(10).default(0),
  /** True: its operator runs an alias tracker for it. False: its clients ask the original tracker. */
  localised: z.boolean().default(false),
  /** For a network that is not localised: the localised network whose alias tracker its torrents name. */
  asks: z.string().optional(),
  /** Access networks inside; each may have a separate uplink and a traffic density that probes report. */
  subdomains: z
    .array(
      z.strictObject({
        uplinkBps: positive.optional(),
        bytesPerUserPerSecond: positive.optional(),
        /** This sub-domain's share of the network's peers; shares are relative to each other. */
        share: positive.default(1),
      }),
    )
    .max(200)
    .default([{ share: 1 }]),
  /** Nodes of the operator: never choked for lack of uplink, marked as caches. */
  caches: z
    .array(
      z.strictObject({
        uplinkBps: positive,
        downlinkBps: positive,
        /** `window`: it downloads only while the window is open, always serves, and exists under `hours-cache` alone. */
        fills: z.enum(['always', 'window']).default('always'),
      }),
    )
    .max(20)
    .default([]),
});

const mix = z.strictObject({
  enoughInnerPeers: z.int().min(0).max(200).optional(),
  foreignPeersMin: z.int().min(0).max(200).optional(),
  foreignPeersMax: z.int().min(0).max(200).optional(),
  foreignPeersWhenNoInnerSeed: z.int().min(0).max(200).optional(),
  gatewaysMax: z.int().min(0).max(1_000).optional(),
});

const scenarioFields = z.strictObject({
  name: z.string().min(1),
  description: z.string().default(''),
  seed: z.int().min(0).max(0xffffffff).default(1),
  /** The time of day (UTC) at which the simulation begins, on a Monday. */
  startsAt: timeOfDay.default(0),
  content: z.strictObject({ pieces: count.max(20_000), pieceBytes: count }),
  client: z
    .strictObject({
      neighbours: count.max(200).default(35),
      /** Peers that a client requests from the tracker; `neighbours` by default. */
      numWant: count.max(200).optional(),
      maxConnections: count.max(1_000).default(55),
      announceIntervalSeconds: positive.default(1_800),
      minIntervalSeconds: positive.default(60),
    })
    .prefault({}),
  networks: z.array(network).min(1),
  /** The first seed; its network is separate and foreign to all others. */
  origin: z.strictObject({ uplinkBps: positive, asks: z.string().optional() }),
  selection: mix.prefault({}),
  /** By default those that the scenario can tell apart. */
  policies: z.array(z.enum(POLICY_NAMES)).min(1).optional(),
  billing: z
    .strictObject({
      currency: z.string().default('EUR'),
      ratePerGigabyte: z.number().min(0).default(0.02),
      /** As in the section `billing` of the configuration. */
      rampFor,
      schedule: z.array(scheduleEntry).default([]),
      /** The name of the period in which the border is open and caches fill; by default the first with a rateFactor below 1. */
      window: z.string().optional(),
    })
    .prefault({}),
  endSeconds: positive.default(200_000),
});

export const scenarioSchema = scenarioFields.check(checkHours).transform(({ startsAt, ...scenario }) => ({
  ...scenario,
  startsAtMinutes: startsAt,
  policies: scenario.policies ?? policiesFor(scenario),
  billing: { ...withRamp(scenario.billing), window: scenario.billing.window ?? usualWindow(scenario) },
}));

type ScenarioFields = z.output<typeof scenarioFields>;
type HoursFields = Pick<ScenarioFields, 'networks'> & {
  readonly billing: Pick<ScenarioFields['billing'], 'schedule'>;
};
export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioNetwork = Scenario['networks'][number];

/** Its unit in the name, as in the sections of the configuration. */
function withRamp({ rampFor, ...billing }: ScenarioFields['billing']) {
  return { ...billing, rampForMs: rampFor };
}

/** The cheap period, as for caches of the configuration without `fillWindow`; else the first one. */
function usualWindow({ billing: { schedule } }: HoursFields): string | undefined {
  return (schedule.find(({ rateFactor }) => rateFactor < 1) ?? schedule[0])?.name;
}

function policiesFor(scenario: HoursFields): PolicyName[] {
  if (scenario.billing.schedule.length === 0) return ['random', 'as-only', 'full'];
  return hasWindowCache(scenario) ? ['random', 'full', 'hours', 'hours-cache'] : ['random', 'full', 'hours'];
}

function hasWindowCache({ networks }: HoursFields): boolean {
  return networks.some(({ caches }) => caches.some(({ fills }) => fills === 'window'));
}

/** What one key says about the hours must fit what the others say. */
function checkHours({ value, issues }: z.core.ParsePayload<ScenarioFields>): void {
  const { schedule, window } = value.billing;
  const refuse = (path: (string | number)[], message: string): void => {
    issues.push({ code: 'custom', input: value, path, message });
  };
  schedule.forEach(({ neighbours }, i) => {
    if (neighbours !== undefined)
      refuse(['billing', 'schedule', i, 'neighbours'], 'a scenario has no neighbours; remove this key');
  });
  if (window !== undefined && !schedule.some(({ name }) => name === window))
    refuse(['billing', 'window'], `billing.schedule has no period "${window}"`);
  if (schedule.length === 0 && hasWindowCache(value))
    refuse(['networks'], 'a cache with `fills: window` needs billing.schedule');
  for (const policy of value.policies ?? []) {
    const fault = policyFault(policy, value);
    if (fault) refuse(['policies'], fault);
  }
}

/** Why a scenario cannot be run under a policy; undefined if it can. */
export function policyFault(policy: PolicyName, scenario: HoursFields): string | undefined {
  if (policy !== 'hours' && policy !== 'hours-cache') return undefined;
  if (scenario.billing.schedule.length === 0) return `the policy "${policy}" needs billing.schedule`;
  if (policy === 'hours-cache' && !hasWindowCache(scenario))
    return 'the policy "hours-cache" needs a cache with `fills: window`';
  return undefined;
}

/** @throws OperatorError that names the file, the key and what is wrong with it */
export function loadScenario(file: string): Scenario {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new OperatorError(`cannot read the scenario ${file}: ${messageOf(thrown)}; see examples/scenarios/`, {
      cause: thrown,
    });
  }
  return parseScenario(text, file);
}

/** @throws OperatorError, as {@link loadScenario} */
export function parseScenario(text: string, file: string): Scenario {
  const document = parseDocument(text);
  const fault = document.errors[0];
  if (fault) throw new OperatorError(`${file}: ${fault.message.split('\n')[0]}`);
  const result = scenarioSchema.safeParse(document.toJS());
  if (!result.success) {
    const lines = result.error.issues.map(
      (issue) => `${file}: ${issue.path.join('.') || 'the scenario'}: ${issue.message}`,
    );
    throw new OperatorError(lines.join('\n'));
  }
  return result.data;
}
