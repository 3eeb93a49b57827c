/** A whole application on loopback and free ports, with the lab beside it, for end-to-end tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Application, AppOverrides, PartAddress } from '../../src/app/application.js';
import { createApp } from '../../src/app/create-app.js';
import type { Config } from '../../src/config/config-schema.js';
import { ConfigSource } from '../../src/config/config-source.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { createRandom } from '../../src/domain/random.js';
import { announceOverHttp } from '../../src/lab/http-announcer.js';
import type { LabAnnounce, LabAnnounceAnswer } from '../../src/lab/lab-announce.js';
import { announceOverUdp } from '../../src/lab/udp-announcer.js';
import { createLogger } from '../../src/logging/logger.js';
import type { Endpoint } from '../../src/net/endpoint.js';

export const PROBE_NORTH = 'lab-token-dp-north';
export const PROBE_SOUTH = 'lab-token-dp-south';
export const CONTROL_TOKEN = 'lab-token-control';

/** The networks of the lab, as examples/lab has them. */
export const LAB_CONFIG = `
operator:
  name: Lab Telecom
  networks:
    - { asn: 64500, prefixes: [127.1.0.0/16] }
    - { asn: 64501, prefixes: [127.2.0.0/16] }
  subdomains:
    - { id: north, prefixes: [127.1.0.0/17] }
    - { id: south, prefixes: [127.1.128.0/17] }
tracker: { listen: ["udp://127.0.0.1:0", "http://127.0.0.1:0"], interval: 1m, minInterval: 1s }
control: { listen: "http://127.0.0.1:0", token: ${CONTROL_TOKEN} }
reports:
  probes:
    - { id: dp-north, subdomains: [north], token: ${PROBE_NORTH} }
    - { id: dp-south, subdomains: [south], token: ${PROBE_SOUTH} }
logging: { level: silent }
lab: true
`;

export interface RunningApp {
  readonly app: Application;
  readonly config: Config;
  readonly directory: string;
  /** Exists only with `fromFile`. */
  readonly configFile: string;
  endpoint(part: PartAddress['part'], protocol?: string): Endpoint;
  /** An announce over UDP or HTTP; the answer's peers as `address:port`. */
  announce(
    from: string,
    announce: Partial<LabAnnounce> & { infoHash: string },
    protocol?: 'udp' | 'http',
  ): Promise<LabAnnounceAnswer & { hosts: string[] }>;
  /** A call of the control API. */
  call(
    method: 'GET' | 'POST',
    path: string,
    options?: { token?: string; body?: unknown },
  ): Promise<{ status: number; json: unknown }>;
  stop(): Promise<void>;
}

interface LabOverrides extends AppOverrides {
  readonly adjust?: (config: Config) => Config;
  /** Writes the configuration to a file, so that it can be reloaded. */
  readonly fromFile?: boolean;
}

/**
 * @param yaml the configuration without `storage`
 * @param overrides.adjust sets what the configuration does not take, such as a period that is shorter than operators may set
 * @param keepDirectory where it and its files are; else a temporary one that goes with `stop`
 */
export async function startLabApp(
  yaml = LAB_CONFIG,
  keepDirectory?: string,
  { adjust = (config) => config, fromFile = false, ...overrides }: LabOverrides = {},
): Promise<RunningApp> {
  const directory = keepDirectory ?? mkdtempSync(join(tmpdir(), 'alias-tracker-e2e-'));
  const text = `${yaml}\nstorage: { directory: ${join(directory, 'data')} }\n`;
  const config = adjust(parseConfig(text, { file: 'lab.yaml', baseDirectory: directory }));
  const configFile = join(directory, 'lab.yaml');
  if (fromFile) writeFileSync(configFile, text);
  const source = fromFile ? { source: new ConfigSource(configFile, {}, config) } : {};
  const app = createApp(config, { logger: createLogger('silent'), random: createRandom(1), ...source, ...overrides });
  await app.start();
  const endpoint = (part: PartAddress['part'], protocol?: string): Endpoint => {
    const url = new URL(
      app.addresses.find((each) => each.part === part && (!protocol || each.url.startsWith(`${protocol}:`)))!.url,
    );
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
  };
  return {
    app,
    config,
    directory,
    configFile,
    endpoint,
    async announce(from, announce, protocol = 'udp') {
      const request: LabAnnounce = {
        tracker: endpoint('tracker', protocol),
        localAddress: from,
        port: 6881,
        peerId: `-E2E000-${from}`.padEnd(20, '-').slice(0, 20),
        leftBytes: 1_000,
        event: 'started',
        ...announce,
      };
      const answer = await (protocol === 'udp' ? announceOverUdp(request) : announceOverHttp(request));
      return { ...answer, hosts: answer.peers.map((peer) => peer.host) };
    },
    async call(method, path, { token = CONTROL_TOKEN, body } = {}) {
      const { host, port } = endpoint('control');
      const response = await fetch(`http://${host}:${port}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
    },
    async stop() {
      await app.stop();
      if (keepDirectory === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}
