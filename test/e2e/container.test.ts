/**
 * Dockerfile and docker-compose.yml, as far as they can be checked without a container engine: the steps of the Dockerfile run in
 * directories, and what both files name exists.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

interface Step {
  readonly name: string;
  readonly text: string;
}

interface Stage {
  readonly image: string;
  readonly name: string;
  readonly steps: readonly Step[];
}

const stages = stagesOf(readFileSync('Dockerfile', 'utf8'));
const last = stages.at(-1)!;
const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-container-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function stagesOf(dockerfile: string): Stage[] {
  const found: { image: string; name: string; steps: Step[] }[] = [];
  for (const line of dockerfile
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')) {
    const [, name, text] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (name === undefined || text === undefined) continue;
    const [image, , stage] = text.split(' ');
    if (name === 'FROM') found.push({ image: image!, name: stage ?? '', steps: [] });
    else found.at(-1)!.steps.push({ name, text });
  }
  return found;
}

const step = (name: string): string => last.steps.find((each) => each.name === name)!.text;
/** Of a file as it is in the image. */
const inside = (stage: Stage, path: string): string => join(directory, stage.name || 'image', path);

/** Copies what COPY names into the directory of the stage. @returns what the checkout lacks */
function copy(stage: Stage, text: string): string[] {
  const words = text.split(' ');
  const from = words[0]!.startsWith('--from=') ? stages.find(({ name }) => `--from=${name}` === words[0]) : undefined;
  const paths = words.slice(from === undefined ? 0 : 1);
  const to = paths.pop()!;
  const missing: string[] = [];
  for (const path of paths) {
    const source = from === undefined ? path : inside(from, path);
    // The packages are linked, not copied.
    if (path.endsWith('/node_modules')) continue;
    if (!existsSync(source)) missing.push(path);
    else cpSync(source, inside(stage, join('/app', to, to.endsWith('/') ? path : '')), { recursive: true });
  }
  return missing;
}

describe('the Dockerfile', () => {
  const missing: string[] = [];

  beforeAll(() => {
    for (const stage of stages) {
      mkdirSync(inside(stage, '/app'), { recursive: true });
      symlinkSync(join(process.cwd(), 'node_modules'), inside(stage, '/app/node_modules'));
      for (const { name, text } of stage.steps) {
        if (name === 'COPY') missing.push(...copy(stage, text));
        // npm would change the packages of this checkout, and the last stage installs packages of Debian.
        const command = text.replace(/\bnpm (ci|prune)\b[^&]*/g, 'true ');
        if (name === 'RUN' && stage !== last) execFileSync('sh', ['-ec', command], { cwd: inside(stage, '/app') });
      }
    }
  });

  test('copies what exists', () => {
    expect(missing).toEqual([]);
    const ignored = readFileSync('.dockerignore', 'utf8').split('\n');
    const copied = stages.flatMap(({ steps }) => steps.filter(({ name }) => name === 'COPY').map(({ text }) => text));
    const own = copied.filter((text) => !text.startsWith('--from')).flatMap((text) => text.split(' '));
    expect(own.filter((path) => ignored.includes(path))).toEqual([]);
  });

  test('names one version of Node.js exactly, which the program accepts', () => {
    const versions = stages.map(({ image }) => /^node:(\d+\.\d+\.\d+)-bookworm(-slim)?$/.exec(image)?.[1]);
    expect(new Set(versions).size).toBe(1);
    const [major, minor] = versions[0]!.split('.').map(Number);
    expect(major! * 100 + minor!).toBeGreaterThanOrEqual(2_019);
  });

  test('builds an image whose entry point, default command and health check run', () => {
    const [program, ...args] = JSON.parse(step('ENTRYPOINT')) as string[];
    const run = (...rest: string[]) =>
      spawnSync(program!, [...args, ...rest], { cwd: inside(last, '/app'), encoding: 'utf8' });
    expect(run('print-config').stdout).toContain('operator:');
    expect(existsSync(inside(last, '/app/dist/lab'))).toBe(false);
    const [serve] = JSON.parse(step('CMD')) as string[];
    expect(run(serve!, '--help').status).toBe(0);
    const check = JSON.parse(/CMD (\[.*\])$/.exec(step('HEALTHCHECK'))![1]!) as string[];
    expect(check.slice(0, 2)).toEqual([program, ...args]);
    const { status, stderr } = run(...check.slice(2), '--url', 'http://127.0.0.1:1');
    expect(stderr).toContain('does not answer');
    expect(status).toBe(1);
  });

  test('runs without root, with the one capability for ports below 1024', () => {
    expect(step('USER')).toBe('node');
    const setcap = last.steps.find(({ text }) => text.includes('setcap'))!.text;
    expect(setcap.match(/cap_\w+/g)).toEqual(['cap_net_bind_service']);
  });
});

describe('docker-compose.yml', () => {
  const compose = parse(readFileSync('docker-compose.yml', 'utf8')) as {
    services: Record<
      string,
      { cap_drop?: string[]; cap_add?: string[]; image?: string; profiles?: string[]; volumes: string[] }
    >;
    volumes: Record<string, unknown>;
  };
  const services = Object.entries(compose.services);

  test('mounts what exists: files of the checkout, the configuration, and volumes that it declares', () => {
    const sources = services.flatMap(([, { volumes }]) => volumes.map((volume) => volume.split(':')[0]!));
    const own = sources.filter((source) => source.startsWith('./') && source !== './alias-tracker.yaml');
    expect(own.filter((source) => !existsSync(source))).toEqual([]);
    expect(sources.filter((source) => !source.startsWith('./')).sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  test('gives the tracker the paths and the capability that the image expects', () => {
    const tracker = compose.services['alias-tracker']!;
    expect([tracker.cap_drop, tracker.cap_add]).toEqual([['ALL'], ['NET_BIND_SERVICE']]);
    const targets = tracker.volumes.map((volume) => volume.split(':')[1]);
    expect(targets).toEqual([/ALIAS_TRACKER_CONFIG=(\S+)/.exec(step('ENV'))![1], step('VOLUME')]);
  });

  test('starts Prometheus and Grafana only on demand, on loopback, and Grafana finds board and data source', () => {
    const { prometheus, grafana } = compose.services;
    expect([prometheus!.profiles, grafana!.profiles]).toEqual([['monitoring'], ['monitoring']]);
    const read = (path: string) => parse(readFileSync(`examples/grafana/provisioning/${path}`, 'utf8'));
    const [source] = read('datasources/prometheus.yaml').datasources;
    const listen = /--web\.listen-address=(\S+)/.exec(JSON.stringify(prometheus))![1]!.replace(/".*/, '');
    expect(source).toMatchObject({ type: 'prometheus', url: `http://${listen}` });
    const [provider] = read('dashboards/alias-tracker.yaml').providers;
    const boards = grafana!.volumes.find((volume) => volume.split(':')[1] === provider.options.path)!.split(':')[0]!;
    expect(JSON.parse(readFileSync(join(boards, 'alias-tracker.json'), 'utf8'))).toHaveProperty('panels');
  });
});
