/**
 * The metrics of a running tracker, against Prometheus's own checker, docs/metrics.md, the alert rules and the Grafana board: every
 * name and label that they use is one that the program exports.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type MetricFamily, Metrics } from '../../src/control-api/metrics.js';
import { SERIES } from '../../src/history/series-list.js';
import { freePort } from '../support/free-port.js';
import { CONTROL_TOKEN, LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';
import { requireProgram } from '../support/real-program.js';

const promtool = requireProgram('promtool');
const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const families = new Map<string, MetricFamily>();
let running: RunningApp;
let text: string;

beforeAll(async () => {
  const add = vi.spyOn(Metrics.prototype, 'add');
  const mirrorPort = await freePort();
  const config = LAB_CONFIG.replace(
    'tracker: {',
    'tracker: { announceUrls: ["udp://alias.example.net:6969/announce"],',
  );
  running = await startLabApp(`${config}
crawler: { sources: [ { name: partner, type: push, token: lab-token-partner-01 } ] }
mirrorSite: { listen: "http://127.0.0.1:${mirrorPort}" }
upstream: { dht: { bootstrap: ["127.0.0.1:${await freePort()}"], listen: ["127.0.0.1:0"] } }
caches:
  - name: north
    address: 127.1.0.250
    client: transmission
    url: "http://127.0.0.1:${await freePort()}/transmission/rpc"
    quota: 1GB
    allow: { names: ["Torrent *"] }
dnsRedirect:
  listen: [127.0.0.1:0]
  upstreamResolvers: [127.0.0.9]
  clients: [127.0.0.0/8]
  mirrorAddresses: [127.0.0.1]
  trackerAddresses: [127.0.0.1]
  sites: [{ name: www.original.lab, port: ${mirrorPort} }]
  trackers: [tracker.original.lab]
  rpz: { listen: [127.0.0.1:0], secondaries: [{ address: 127.0.0.9 }] }
`);
  for (const [family] of add.mock.calls) families.set(family.name, family);
  add.mockRestore();
  await running.announce('127.1.0.1', { infoHash: 'a'.repeat(40) });
  text = String((await running.call('GET', '/metrics', { token: CONTROL_TOKEN })).json);
});
afterAll(() => running?.stop());

test.skipIf(promtool === undefined)('promtool accepts them', () => {
  expect(text).toContain('# TYPE alias_tracker_answer_seconds histogram\n');
  expect(() => execFileSync(promtool!, ['check', 'metrics'], { input: text, stdio: 'pipe' })).not.toThrow();
});

test('a histogram has a sum, and a count that is its last bucket', () => {
  for (const { name, type } of families.values()) {
    if (type !== 'histogram') continue;
    const value = (suffix: string): number => Number(text.split(`\n${name}_${suffix} `)[1]!.split('\n')[0]);
    expect(value('count')).toBe(value('bucket{le="+Inf"}'));
    expect(value('sum')).toBeGreaterThanOrEqual(0);
  }
});

test('no name or label is in camel case', () => {
  for (const { name, labelNames } of families.values()) {
    for (const word of [name, ...labelNames]) expect(word).toMatch(/^[a-z][a-z0-9_]*$/);
  }
});

test('no counter is a sum of others of its family, and no value of a label is in camel case', () => {
  // Names of configuration keys and of limits are as in the configuration.
  const named = new Set(
    ['foreign_limit', 'data_file_age_seconds', 'data_file_refused'].map((name) => `alias_tracker_${name}`),
  );
  for (const { name, type, read } of families.values()) {
    if (named.has(name)) continue;
    for (const { labels } of read()) {
      for (const value of Object.values(labels)) expect(value, name).not.toMatch(/^[a-z]+[A-Z][A-Za-z]*$/);
      const totals =
        type === 'counter' ? Object.values(labels).filter((value) => /^(queries|requests|total)$/.test(value)) : [];
      expect(totals, name).toEqual([]);
    }
  }
});

test('docs/metrics.md has every metric with its type and labels, and no other', () => {
  const rows = [...read('docs/metrics.md').matchAll(/^\| `(alias_tracker_\w+)` \| (\w+) \| (.*?) \| .+ \|$/gm)];
  const documented = rows.map(([, name, type, labels]) => `${name} ${type} ${labels!.replaceAll('`', '')}`);
  const exported = [...families.values()].map(
    ({ name, type, labelNames }) =>
      `${name} ${type} ${type === 'histogram' || labelNames.length === 0 ? '' : labelNames.join(', ')}`,
  );
  expect(documented.sort()).toEqual(exported.sort());
});

/** The names and labels that expressions of PromQL use. */
function usesOf(expressions: readonly string[]): { name: string; labels: string[] }[] {
  return expressions.flatMap((expression) => {
    const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names]) => names!.split(/,\s*/));
    return [...expression.matchAll(/\b(alias_tracker_\w+)(?:\{([^}]*)\})?/g)].map(([, name, matchers]) => ({
      name: name!,
      labels: [...grouped, ...[...(matchers ?? '').matchAll(/(\w+)\s*[=!]~?/g)].map(([, label]) => label!)],
    }));
  });
}

function wrongUses(expressions: readonly string[]): string[] {
  // Prometheus adds them to every sample.
  const added = ['instance', 'job'];
  return usesOf(expressions).flatMap(({ name, labels }) => {
    const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
    if (family === undefined) return [name];
    return labels
      .filter((label) => ![...added, ...family.labelNames].includes(label))
      .map((each) => `${name}{${each}}`);
  });
}

test('a wrong name or label in an expression is found', () => {
  expect(wrongUses(['sum by (protocol) (alias_tracker_announces{udp="1"})', 'alias_tracker_peers{kind="x"}'])).toEqual([
    'alias_tracker_announces',
    'alias_tracker_peers{kind}',
  ]);
});

test('the Grafana board uses metrics and labels that exist', () => {
  const { panels } = JSON.parse(read('examples/grafana/alias-tracker.json')) as {
    panels: { targets: { expr: string; legendFormat: string }[] }[];
  };
  const targets = panels.flatMap((panel) => panel.targets);
  expect(targets.length).toBeGreaterThan(10);
  expect(wrongUses(targets.map(({ expr }) => expr))).toEqual([]);
  for (const { expr, legendFormat } of targets) {
    const labels = usesOf([expr]).flatMap(({ name }) => families.get(name)?.labelNames ?? []);
    for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(labels).toContain(label);
  }
});

describe('the alert rules', () => {
  const rules = read('examples/prometheus/alerts.yml');

  test('use metrics and labels that exist', () => {
    const expressions = [...rules.matchAll(/^ {8}expr: (?:\|\n((?: {10}.*\n)+)|(.+))/gm)].map(
      ([, block, line]) => block ?? line!,
    );
    expect(expressions).toHaveLength([...rules.matchAll(/- alert:/g)].length);
    expect(wrongUses(expressions)).toEqual([]);
  });

  test('have a summary, a way out and a link to a heading that exists', () => {
    const links = [...rules.matchAll(/runbook_url: (\S+)/g)].map(([, link]) => link!);
    expect(links).toHaveLength([...rules.matchAll(/- alert:/g)].length);
    expect([...rules.matchAll(/summary: .+\n {10}description: .+\n/g)]).toHaveLength(links.length);
    for (const link of links) {
      const [file, anchor] = link.split('#');
      const headings = [...read(file!).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
        heading!
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      );
      if (anchor !== undefined) expect(headings).toContain(anchor);
    }
  });

  test.skipIf(promtool === undefined)(
    'and the scrape configuration pass promtool, and the alerts fire when they should',
    () => {
      const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-rules-'));
      cpSync(join(root, 'examples/prometheus'), directory, { recursive: true });
      writeFileSync(join(directory, 'alias-tracker.token'), 'token\n');
      const run = (...args: string[]): string =>
        execFileSync(promtool!, args, { cwd: directory, stdio: 'pipe' }).toString();
      run('check', 'config', 'prometheus.yml');
      run('check', 'rules', 'alerts.yml');
      run('test', 'rules', 'alerts_test.yml');
      rmSync(directory, { recursive: true, force: true });
    },
  );
});

test('every time series has a metric with its labels', () => {
  const ofProcess = ['resident_memory_bytes', 'processor_seconds_total'];
  for (const definition of SERIES) {
    for (const choice of 'of' in definition ? [definition.of, definition.to] : [definition]) {
      if (ofProcess.includes(choice.metric)) continue;
      const family = families.get(`alias_tracker_${choice.metric}`);
      expect(family, choice.metric).toBeDefined();
      const labels = [
        ...Object.keys(choice.where ?? {}),
        ...(definition.label === undefined ? [] : [definition.label]),
      ];
      expect(family!.labelNames, choice.metric).toEqual(expect.arrayContaining(labels));
    }
  }
});
