import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { createProgram } from '../../src/cli/program.js';
import { DEFAULT_CONFIG_YAML } from '../../src/config/default-config.js';
import { loadConfig, parseConfig } from '../../src/config/parse-config.js';
import { ConfigError } from '../../src/config-kit/config-problem.js';
import { testContext } from './command-line-context.js';
import { sourceFiles, trackedFiles } from './source-files.js';

const documents = trackedFiles().filter((path) => path.endsWith('.md'));
const text = (path: string): string => readFileSync(path, 'utf8');

interface Block {
  readonly document: string;
  readonly language: string;
  readonly body: string;
}

const blocks: Block[] = documents.flatMap((document) =>
  [...text(document).matchAll(/^```([a-z]*)\n([\s\S]*?)^```/gm)].map(([, language, body]) => ({
    document,
    language: language!,
    body: body!,
  })),
);

const program = createProgram(testContext(), '0.0.0');
const commandNames = program.commands.map((command) => command.name());

/** Every `alias-tracker …` line of a document's shell blocks. */
function commandLines(): { readonly document: string; readonly words: string[] }[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ document, body }) =>
      body
        .replace(/\\\n\s*/g, ' ')
        .split('\n')
        .flatMap((line) =>
          [...line.matchAll(/(?:^|[|;&]\s*|\s)alias-tracker\s+([^|;&#>]+)/g)].map((match) => match[1]!),
        )
        .map((rest) => ({ document, words: rest.trim().split(/\s+/) })),
    );
}

describe('commands', () => {
  test('documents use commands and options that exist', () => {
    const lines = commandLines();
    expect(lines.length).toBeGreaterThan(40);
    const wrong = lines.flatMap(({ document, words }) => {
      const [name, ...rest] = words;
      if (name!.startsWith('-')) return [];
      let command = program.commands.find((each) => each.name() === name);
      if (!command) return [`${document}: alias-tracker ${name}`];
      const nested = command.commands.find((each) => each.name() === rest[0]);
      if (nested) command = nested;
      const known = new Set([...command.options.flatMap((each) => [each.long, each.short]), '--help', '-h']);
      const unknown = rest
        .map((word) => word.split('=')[0]!)
        .filter((word) => /^--?[a-z]/.test(word) && !known.has(word));
      return unknown.map((option) => `${document}: alias-tracker ${words.join(' ')}: ${option}`);
    });
    expect(wrong).toEqual([]);
  });

  test('every command is in docs/operating.md', () => {
    const manual = text('docs/operating.md');
    expect(commandNames.filter((name) => !manual.includes(`alias-tracker ${name}`))).toEqual([]);
  });

  test('every command explains itself', () => {
    const walk = (commands: typeof program.commands): string[] =>
      commands.flatMap((each) => [...(each.description() === '' ? [each.name()] : []), ...walk(each.commands)]);
    expect(walk(program.commands)).toEqual([]);
    for (const command of program.commands) expect(command.helpInformation()).toContain(command.name());
  });

  test('npm scripts that documents name exist', () => {
    const scripts = Object.keys((JSON.parse(text('package.json')) as { scripts: object }).scripts);
    const named = blocks.flatMap(({ document, body }) =>
      [...body.matchAll(/\bnpm (?:run ([a-z:-]+)|(start|test)\b)/g)].map((match) => ({
        document,
        name: match[1] ?? match[2]!,
      })),
    );
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter(({ name }) => !scripts.includes(name))).toEqual([]);
  });
});

/** Files that a document names are on the reader's machine. */
function problemsOf(text: string, file: string, environment: Record<string, string>): string[] {
  try {
    parseConfig(text, { file, environment });
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return thrown.problems.map(({ message }) => message).filter((message) => !message.startsWith('there is no file'));
  }
}

describe('configuration', () => {
  test('docs/configuration.md shows exactly what print-config prints', () => {
    expect(
      blocks.filter((block) => block.document === 'docs/configuration.md' && block.language === 'yaml')[0]?.body,
    ).toBe(DEFAULT_CONFIG_YAML);
  });

  test('every piece of YAML in a document is a right piece of configuration', () => {
    const tracker = 'tracker: { announceUrls: ["udp://alias.example.net:6969/announce"] }\n';
    const operator = 'operator: { name: Example, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }\n';
    for (const { document, language, body } of blocks) {
      // A scenario of the simulator has a schema of its own.
      if (language !== 'yaml' || document === 'docs/simulation.md') continue;
      const written = parseDocument(body);
      const needsTracker = written.has('crawler') && !written.has('tracker');
      const whole = (written.has('operator') ? '' : operator) + (needsTracker ? tracker : '') + body;
      const environment = {
        CONTROL_TOKEN: 'a-control-token',
        DP_NORTH_TOKEN: 'a-probe-token',
        PARTNER_TOKEN: 'a-partner-token',
        ALARM_TOKEN: 'an-alarm-token',
        CACHE_PASSWORD: 'a-password',
        ARIA2_SECRET: 'a-secret',
        SITE_KEY: 'a-key',
        SITE_COOKIE: 'a-cookie',
        RPZ_KEY: 'YS1zZWNyZXQtb2YtMTYtYnl0ZXM=',
      };
      expect(problemsOf(whole, document, environment), `${document}:\n${body}`).toEqual([]);
    }
  });

  test('the configurations of examples/ are right', () => {
    const files = sourceFiles('examples', '.yaml').filter((path) => parseDocument(text(path)).has('operator'));
    expect(files).toContain('examples/lab/alias-tracker.yaml');
    for (const file of files) expect(() => loadConfig(file, {}), file).not.toThrow();
  });
});

describe('links', () => {
  test('lead to files that are there', () => {
    const known = new Set(trackedFiles());
    const folders = new Set([...known].map((path) => dirname(path)));
    const broken = documents.flatMap((document) =>
      [...text(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map((match) => join(dirname(document), match[1]!).replace(/\/$/, ''))
        .filter((target) => !known.has(target) && !folders.has(target))
        .map((target) => `${document} → ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test('every document is reached from README.md', () => {
    const readme = text('README.md');
    const missing = readdirSync('docs')
      .filter((name) => name.endsWith('.md'))
      .filter((name) => !readme.includes(`docs/${name}`));
    expect(missing).toEqual([]);
  });

  test('folders and files that ARCHITECTURE.md and CONTRIBUTING.md name are there', () => {
    const known = trackedFiles();
    const gone = ['ARCHITECTURE.md', 'CONTRIBUTING.md'].flatMap((document) =>
      [...text(document).matchAll(/`((?:src|test|docs|examples|migrations|scripts|bench)\/[\w./-]*)`/g)]
        .map((match) => match[1]!.replace(/\/$/, ''))
        .filter((path) => !known.some((each) => each === path || each.startsWith(`${path}/`)))
        .map((path) => `${document}: ${path}`),
    );
    expect(gone).toEqual([]);
  });
});
