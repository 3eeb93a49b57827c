/** The commands as plain values, read from the definitions that parse the command line: completion and man page are made of them. */
import { EventEmitter } from 'node:events';
import type { Argument, Command, Option } from 'commander';

export interface CommandEntry {
  /** Empty for the program itself: `['dns', 'export']`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly arguments: readonly ArgumentEntry[];
  readonly options: readonly OptionEntry[];
  readonly commands: readonly CommandEntry[];
  /** What `--help` adds below the options. */
  readonly notes: string;
}

export interface ArgumentEntry {
  /** As the usage line shows it: `<torrent...>`. */
  readonly usage: string;
  readonly description: string;
  readonly value: ValueEntry;
}

export interface OptionEntry {
  readonly short: string | undefined;
  readonly long: string;
  readonly description: string;
  /** Undefined for a switch. */
  readonly value: ValueEntry | undefined;
  readonly default: string | undefined;
}

/** What may be typed there. */
export interface ValueEntry {
  /** Name of the placeholder: `file`. */
  readonly name: string;
  readonly required: boolean;
  readonly choices: readonly string[];
  readonly kind: 'file' | 'directory' | 'other';
}

const FILES = new Set(['file', 'torrent', 'place']);
const DIRECTORIES = new Set(['directory']);

/** Leaves out hidden options and the command `help`. */
export function commandTree(command: Command, path: readonly string[] = []): CommandEntry {
  const help = command.createHelp();
  return {
    path,
    description: command.description(),
    arguments: command.registeredArguments.map(argumentEntry),
    options: help.visibleOptions(command).map(optionEntry),
    commands: help
      .visibleCommands(command)
      .filter((each) => each.name() !== 'help')
      .map((each) => commandTree(each, [...path, each.name()])),
    notes: notesOf(command),
  };
}

function argumentEntry(argument: Argument): ArgumentEntry {
  const name = argument.name() + (argument.variadic ? '...' : '');
  return {
    usage: argument.required ? `<${name}>` : `[${name}]`,
    description: argument.description,
    value: valueEntry(argument.name(), argument.required, argument.argChoices),
  };
}

function optionEntry(option: Option): OptionEntry {
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1]?.replace(/\.\.\.$/, '');
  return {
    short: option.short,
    long: option.long ?? option.flags,
    description: option.description,
    value: placeholder === undefined ? undefined : valueEntry(placeholder, option.required, option.argChoices),
    default: typeof option.defaultValue === 'string' ? option.defaultValue : undefined,
  };
}

function valueEntry(name: string, required: boolean, choices: readonly string[] | undefined): ValueEntry {
  const kind = FILES.has(name) ? 'file' : DIRECTORIES.has(name) ? 'directory' : 'other';
  return { name, required, choices: choices ?? [], kind };
}

/** Commander knows them only as listeners of the event that prints the help. */
function notesOf(command: Command): string {
  let text = '';
  const write = (written: string): void => {
    text += written;
  };
  if (command instanceof EventEmitter) command.emit('afterHelp', { error: false, command, write });
  return text.trim();
}

/** All of them, the program first. */
export function everyCommand(entry: CommandEntry): CommandEntry[] {
  return [entry, ...entry.commands.flatMap(everyCommand)];
}
