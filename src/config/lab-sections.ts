/**
 * `lab` and `labServices`: whether this is a laboratory, and its stand-ins for the world. They are declared here because the
 * lab's own folder stays in a checkout, while every installation reads (and refuses) these sections.
 */
import { z } from 'zod';
import { endpoint } from '../config-kit/address-schemas.js';
import { type ConfiguredSocket, configPart, type DeepReadonly, type Report } from '../config-kit/config-part.js';
import { flag, hostName, section } from '../config-kit/field-schemas.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';
import type { Endpoint } from '../net/endpoint.js';

export const labPart = configPart({
  key: 'lab',
  schema: flag.prefault(false),
  live: [],
  text: `lab: false                              # true: loopback and private addresses are accepted
`,
});

/** The lab plays the world outside: everything here lies in 127.0.0.0/8, by default in the lab's foreign network. */
const labServices = section({
  originalSite: section({
    name: hostName.prefault('www.original.lab'),
    // The port of the mirror site, because a DNS redirection changes the address alone; and one that is easy to type.
    listen: z.array(endpoint()).min(1).prefault(['127.4.0.80:8080', '127.0.0.1:8181']),
  }).prefault({}),
  originalTracker: section({
    name: hostName.prefault('tracker.original.lab'),
    listen: endpoint().prefault('127.4.0.69:6969'),
  }).prefault({}),
  resolver: endpoint().prefault('127.4.0.53:10053'),
  seed: endpoint().prefault('127.4.0.20:6881'),
}).optional();

interface LabConfig {
  readonly lab: boolean;
  readonly labServices?: NonNullable<DeepReadonly<z.output<typeof labServices>>> | undefined;
}

function labOnly(config: LabConfig, report: Report): void {
  if (config.labServices && !config.lab) report(['labServices'], 'belongs to a lab; write lab: true, or remove it');
}

function standIns({ labServices }: LabConfig): ConfiguredSocket[] {
  if (labServices === undefined) return [];
  const { originalSite, originalTracker, resolver, seed } = labServices;
  const both = (path: ConfigPath, at: Endpoint): ConfiguredSocket[] => [
    { ...at, path, protocol: 'udp' },
    { ...at, path, protocol: 'tcp' },
  ];
  return [
    ...originalSite.listen.map(
      (each, i): ConfiguredSocket => ({
        ...each,
        path: ['labServices', 'originalSite', 'listen', i],
        protocol: 'tcp',
      }),
    ),
    ...both(['labServices', 'originalTracker', 'listen'], originalTracker.listen),
    ...both(['labServices', 'resolver'], resolver),
    { ...seed, path: ['labServices', 'seed'], protocol: 'tcp' },
  ];
}

export const labServicesPart = configPart<'labServices', typeof labServices, LabConfig>({
  key: 'labServices',
  schema: labServices,
  live: [],
  checks: [labOnly],
  sockets: standIns,
  text: `# labServices: {}                       # with lab: true, an original site, tracker and resolver on this machine
`,
});
