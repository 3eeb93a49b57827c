import { describe, expect, test } from 'vitest';
import { describeServing } from '../../../src/cli/describe-serving.js';
import { createProgram } from '../../../src/cli/program.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { testContext } from '../../repo/command-line-context.js';

const OPERATOR =
  'operator: { name: Example Telecom, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }\n' +
  'tracker: { announceUrls: ["udp://t.example:6969/announce"] }\n';
const addresses = [
  { part: 'tracker', url: 'udp://0.0.0.0:6969', about: 'announce and scrape' },
  { part: 'control', url: 'http://127.0.0.1:8090', about: 'dashboard' },
];

/** The commands of ours among what is suggested. */
function suggested(yaml: string, configFile?: string): string[][] {
  const text = describeServing(parseConfig(OPERATOR + yaml), addresses, configFile);
  return [...text.matchAll(/^ +alias-tracker (.*)$/gm)].map((match) => match[1]!.split(' '));
}

const LAB = 'lab: true\nlabServices: { originalTracker: { listen: "127.4.0.69:6970" } }\n';

describe('what serve suggests', () => {
  test.each([
    ['', 1],
    ['crawler: { sources: [ { name: own, type: announces } ] }\n', 2],
  ])('are commands and options that exist', (yaml, count) => {
    const program = createProgram(testContext(), '0.0.0');
    const lines = suggested(yaml, 'etc/alias.yaml');
    expect(lines).toHaveLength(count);
    for (const [name, ...words] of lines) {
      const command = program.commands.find((each) => each.name() === name);
      expect(command, name).toBeDefined();
      const nested = command!.commands.find((each) => each.name() === words[0]) ?? command!;
      const known = nested.options.map((option) => option.long);
      for (const word of words.filter((each) => each.startsWith('--'))) expect(known).toContain(word);
      expect(words.join(' ')).toContain('--config etc/alias.yaml');
    }
  });

  test('name the configuration only where it was named', () => {
    expect(suggested('').flat()).not.toContain('--config');
  });

  test('name addresses of both families as each program takes them', () => {
    const lab = LAB;
    const text = describeServing(parseConfig(OPERATOR + lab), [
      { part: 'dns-redirect', url: 'dns://[::1]:5353', about: '' },
      { part: 'mirror-site', url: 'http://[::1]:8080', about: '' },
      { part: 'control', url: 'http://[::]:8090', about: '' },
    ]);
    expect(text).toContain('dig +short @::1 -p 5353 www.original.lab');
    expect(text).toContain('--resolve www.original.lab:8080:[::1] ');
    expect(text).toContain('look at http://[::1]:8090/');
  });

  test('let the newcomer into the dashboard of a lab, and tell no operator’s token', () => {
    const control = 'control: { listen: "http://127.0.0.1:8090", token: token-of-the-lab }\n';
    const told = (yaml: string): string => describeServing(parseConfig(OPERATOR + control + yaml), addresses);
    expect(told(LAB)).toContain('http://127.0.0.1:8090/ meanwhile (token token-of-the-lab)');
    expect(told('')).not.toContain('token-of-the-lab');
  });
});
