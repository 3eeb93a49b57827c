/** Completion scripts in the shells themselves, and the manual page as its formatters judge it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bashCompletion } from '../../../src/cli/completion/bash.js';
import { commandTree, everyCommand } from '../../../src/cli/completion/command-tree.js';
import { fishCompletion } from '../../../src/cli/completion/fish.js';
import { manPage } from '../../../src/cli/completion/man-page.js';
import { zshCompletion } from '../../../src/cli/completion/zsh.js';
import { createProgram } from '../../../src/cli/program.js';
import { testContext } from '../../repo/command-line-context.js';
import { requireProgram } from '../../support/real-program.js';

const tree = commandTree(createProgram(testContext(), '1.2.3'));
const commands = everyCommand(tree);
const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-completion-'));
const fileOf = (name: string): string => join(directory, name);
const [bash, zsh, fish, mandoc, man] = ['bash', 'zsh', 'fish', 'mandoc', 'man'].map(requireProgram);

beforeAll(() => {
  writeFileSync(fileOf('alias-tracker.bash'), bashCompletion(tree));
  writeFileSync(fileOf('_alias-tracker'), zshCompletion(tree));
  writeFileSync(fileOf('alias-tracker.fish'), fishCompletion(tree));
  writeFileSync(fileOf('alias-tracker.1'), manPage(tree, '1.2.3', '2026-11-22'));
  writeFileSync(fileOf('plan.csv'), '');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function run(program: string, args: readonly string[], input = ''): string {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8', input, cwd: directory });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

/** One line of a terminal, split as the shell has it at the tabulator key: the last word may be empty. */
type Line = readonly string[];

/** What bash offers for each line. */
function offeredByBash(lines: readonly Line[]): string[][] {
  const calls = lines.map(
    (line) =>
      `COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length - 1}; _alias_tracker; echo "\${COMPREPLY[*]}"`,
  );
  const output = run(bash!, ['--norc'], `source ./alias-tracker.bash\n${calls.join('\n')}\n`);
  return output.split('\n').map((each) => each.split(' ').filter(Boolean));
}

describe.skipIf(bash === undefined)('bash', () => {
  test('offers every command and every option', () => {
    const lines = commands.flatMap(({ path }) => [
      ['alias-tracker', ...path, ''],
      ['alias-tracker', ...path, '-'],
    ]);
    const offered = offeredByBash(lines);
    commands.forEach(({ path, commands: below, options }, i) => {
      if (below.length > 0) expect(offered[2 * i]).toEqual(below.map((each) => each.path.at(-1)));
      const names = options.flatMap(({ short, long }) => (short === undefined ? [long] : [long, short]));
      expect(offered[2 * i + 1], path.join(' ')).toEqual(names);
    });
  });

  test('offers values: choices, files, and after an equals sign', () => {
    const offered = offeredByBash([
      ['alias-tracker', 'dns', 'export', '--format', 'po'],
      ['alias-tracker', 'dns', 'export', '--format', '=', 'po'],
      ['alias-tracker', 'dns', 'export', '--format', '='],
      ['alias-tracker', 'topology', 'import', 'pl'],
      ['alias-tracker', 'serve', '--config', 'pl'],
      ['alias-tracker', 'explain', '--ip', 'dns', '--numw'],
      ['alias-tracker', 'completion', 'f'],
    ]);
    expect(offered.slice(0, 2)).toEqual([['powerdns'], ['powerdns']]);
    expect(offered[2]).toContain('unbound');
    // The value of an option is not a command.
    expect(offered.slice(3, 7)).toEqual([['plan.csv'], ['plan.csv'], ['--numwant'], ['fish']]);
  });
});

describe.skipIf(fish === undefined)('fish', () => {
  /** Words only, without their descriptions. */
  const offered = (line: string): string[] =>
    run(fish!, ['--no-config', '-c', 'source alias-tracker.fish; complete -C $argv[1]', line])
      .split('\n')
      .map((each) => each.split('\t')[0]!)
      .filter(Boolean);

  test('offers commands, options and values', () => {
    expect(offered('alias-tracker ').sort()).toEqual(tree.commands.map(({ path }) => path[0]!).sort());
    expect(offered('alias-tracker dns ex')).toEqual(['export']);
    expect(offered('alias-tracker dns export --fo')).toEqual(['--format']);
    expect(offered('alias-tracker dns export --format p')).toEqual(['powerdns']);
    expect(offered('alias-tracker serve --config pl')).toEqual(['plan.csv']);
  });
});

describe.skipIf(zsh === undefined)('zsh', () => {
  test('loads the script and offers commands, options and values', () => {
    // The functions that the completion system would call are replaced by ones that print what they are given.
    const script = `
_arguments() { print -rl -- "$@"; [[ -n $STATE ]] && { state=$STATE; line=($LINE) } }
_describe() { print -rl -- "\${commands[@]}" }
compdef() { print -r -- "compdef $*" }
source ./_alias-tracker
STATE=name _alias_tracker
STATE= _alias_tracker_dns_export
true
`;
    const offered = run(zsh!, ['-f'], script).split('\n');
    expect(offered[0]).toBe('compdef _alias_tracker alias-tracker');
    for (const { path } of tree.commands) expect(offered.some((each) => each.startsWith(`${path[0]}:`))).toBe(true);
    expect(offered.find((each) => each.startsWith('--format'))).toMatch(/^--format\[.*\]:name:\(rpz .*powerdns\)$/);
  });
});

describe('the manual page', () => {
  test.skipIf(mandoc === undefined)('is correct as mandoc sees it', () => {
    const { stdout } = spawnSync(mandoc!, ['-T', 'lint', '-W', 'warning', fileOf('alias-tracker.1')], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });

  test.skipIf(man === undefined)('is correct as groff sees it, and names every command and option', () => {
    const { stdout, stderr } = spawnSync(man!, ['--warnings', '-l', fileOf('alias-tracker.1')], {
      encoding: 'utf8',
      env: { ...process.env, MANWIDTH: '200', MANPAGER: 'cat', LC_ALL: 'C.UTF-8' },
    });
    expect(stderr).toBe('');
    const words = new Set(stdout.split(/[\s,]+/));
    for (const { path, options, commands: below } of commands) {
      if (below.length > 0) continue;
      expect(stdout).toMatch(new RegExp(`^ +${path.join(' ')}( |$)`, 'm'));
      for (const { long } of options) if (long !== '--help') expect([...words]).toContain(long);
    }
  });
});
