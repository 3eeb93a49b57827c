/** The manual page, as roff with the macros of man(7), which every system with manual pages knows. */
import { type CommandEntry, everyCommand, type OptionEntry } from './command-tree.js';

const EXIT_CODES = [
  ['0', 'Done.'],
  ['1', 'It failed.'],
  ['2', 'The arguments or the configuration are wrong.'],
] as const;

const ENVIRONMENT = [
  ['ALIAS_TRACKER_CONFIG', 'The configuration, if there is no --config.'],
  ['ALIAS_TRACKER_URL', 'The control API, if there is no --url.'],
  ['ALIAS_TRACKER_TOKEN', 'The token for it, if there is no --token.'],
  ['ALIAS_TRACKER_DEBUG', 'If it is 1, an internal error is printed with its stack.'],
  ['NOTIFY_SOCKET, WATCHDOG_USEC, CREDENTIALS_DIRECTORY', 'Set by systemd for its services.'],
] as const;

const FILES = [
  ['alias-tracker.yaml', 'The configuration, in the current directory by default.'],
  ['/etc/alias-tracker/alias-tracker.yaml', 'The configuration of the service.'],
  ['/var/lib/alias-tracker', 'The database and the snapshot of the swarms of the service.'],
] as const;

/** @param date as YYYY-MM-DD, which the page shows in its last line */
export function manPage(program: CommandEntry, version: string, date: string): string {
  const [, ...commands] = everyCommand(program);
  const leaves = commands.filter((entry) => entry.commands.length === 0);
  return [
    String.raw`.\" made by: alias-tracker man`,
    `.TH ALIAS\\-TRACKER 1 ${quoted(date, false)} ${quoted(`alias-tracker ${version}`)} ${quoted('User Commands')}`,
    '.SH NAME',
    String.raw`alias\-tracker \- BitTorrent tracker for network operators`,
    '.SH DESCRIPTION',
    ...sentence(program.description),
    '.SH SYNOPSIS',
    String.raw`.B alias\-tracker`,
    '.I command',
    '.RI [ options ]',
    '.SH COMMANDS',
    ...leaves.flatMap(commandSection),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, what]) => item(code, what)),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, what]) => item(name, what)),
    '.SH FILES',
    ...FILES.flatMap(([name, what]) => item(name, what)),
    '',
  ].join('\n');
}

function commandSection(entry: CommandEntry): string[] {
  const usage = [...entry.path, ...entry.arguments.map(({ usage: shown }) => shown)].map(text).join(' ');
  return [
    `.SS ${quoted(usage, false)}`,
    ...sentence(entry.description),
    ...entry.arguments.flatMap(({ usage: name, description }) => item(name, description)),
    ...entry.options
      .filter(({ long }) => long !== '--help')
      .flatMap((option) => item(flagsOf(option), describe(option))),
    ...(entry.notes === '' ? [] : ['.PP', '.nf', ...entry.notes.split('\n').map(line), '.fi']),
  ];
}

function flagsOf({ short, long, value }: OptionEntry): string {
  const names = short === undefined ? long : `${short}, ${long}`;
  if (value === undefined) return names;
  return value.required ? `${names} <${value.name}>` : `${names} [${value.name}]`;
}

function describe({ description, value, default: standard }: OptionEntry): string {
  const choices = value === undefined || value.choices.length === 0 ? '' : ` (one of: ${value.choices.join(', ')})`;
  return `${description}${choices}${standard === undefined ? '' : ` (default: ${standard})`}`;
}

function item(name: string, what: string): string[] {
  return ['.TP', `.B ${quoted(text(name), false)}`, ...sentence(what)];
}

function sentence(what: string): string[] {
  const ended = /[.!?]$/.test(what) ? what : `${what}.`;
  return wrapped(ended.charAt(0).toUpperCase() + ended.slice(1)).map(line);
}

/** Source lines that editors and `mandoc -T lint` accept; the formatter fills them again. */
function wrapped(words: string): string[] {
  return words.match(/.{1,60}(?:\s|$)|\S+/g)?.map((each) => each.trim()) ?? [];
}

/** A line of text, which a leading dot or quote would turn into a request. */
function line(words: string): string {
  return text(words).replace(/^(?=[.'])/, String.raw`\&`);
}

const ROFF: Readonly<Record<string, string>> = {
  '\\': String.raw`\e`,
  '-': String.raw`\-`,
  "'": String.raw`\(aq`,
  '`': String.raw`\(ga`,
  '^': String.raw`\(ha`,
  '~': String.raw`\(ti`,
};

/** Characters outside ASCII are written as roff names them, so that every formatter reads them. */
function text(words: string): string {
  return words
    .replace(/[\\'`^~-]/g, (character) => ROFF[character]!)
    .replace(
      /\P{ASCII}/gu,
      (character) => `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}

function quoted(words: string, isPlain = true): string {
  return `"${(isPlain ? text(words) : words).replaceAll('"', String.raw`\(dq`)}"`;
}
