/** The completion script for zsh: one function for each command, which hands its options to `_arguments`. */
import {
  type ArgumentEntry,
  type CommandEntry,
  everyCommand,
  type OptionEntry,
  type ValueEntry,
} from './command-tree.js';

export function zshCompletion(program: CommandEntry): string {
  return `#compdef alias-tracker
# zsh completion for alias-tracker; made by: alias-tracker completion zsh

${everyCommand(program).map(functionOf).join('\n\n')}

# Sourced, it registers itself; from a directory of $fpath, it is called.
if [[ $funcstack[1] == _alias-tracker ]]; then
  ${nameOf(program)} "$@"
else
  compdef ${nameOf(program)} alias-tracker
fi
`;
}

function nameOf({ path }: CommandEntry): string {
  return ['_alias_tracker', ...path.map((name) => name.replaceAll('-', '_'))].join('_');
}

function functionOf(entry: CommandEntry): string {
  const specs = entry.options.map(optionSpec);
  if (entry.commands.length === 0) return leaf(entry, [...specs, ...entry.arguments.map(argumentSpec)]);
  const described = entry.commands.map(({ path, description }) => quoted(`${path.at(-1)}:${escaped(description)}`));
  const branches = entry.commands.map((below) => `        ${below.path.at(-1)}) ${nameOf(below)} ;;`);
  return `${nameOf(entry)}() {
  local curcontext="$curcontext" state line
  local -a commands
  typeset -A opt_args
  _arguments -C ${specs.join(' ')} '1: :->name' '*:: :->rest'
  case $state in
    name)
      commands=(${described.join(' ')})
      _describe command commands ;;
    rest)
      case $line[1] in
${branches.join('\n')}
      esac ;;
  esac
}`;
}

function leaf(entry: CommandEntry, specs: readonly string[]): string {
  return `${nameOf(entry)}() {\n  _arguments ${specs.join(' ')}\n}`;
}

function optionSpec({ short, long, description, value }: OptionEntry): string {
  const names = short === undefined ? quoted(long) : `{${short},${long}}`;
  const exclusive = short === undefined ? '' : quoted(`(${short} ${long})`);
  const takes = value === undefined ? '' : valueSpec(value, value.required ? ':' : '::');
  return `${exclusive}${names}${quoted(`[${escaped(description)}]${takes}`)}`;
}

function argumentSpec({ usage, value }: ArgumentEntry): string {
  return quoted(`${usage.includes('...') ? '*' : ''}${valueSpec(value, usage.startsWith('[') ? '::' : ':')}`);
}

function valueSpec(value: ValueEntry, colon: string): string {
  const action =
    value.choices.length > 0
      ? `(${value.choices.join(' ')})`
      : value.kind === 'file'
        ? '_files'
        : value.kind === 'directory'
          ? '_files -/'
          : ' ';
  return `${colon}${value.name}:${action}`;
}

/** In the specifications of `_arguments`. */
function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, (character) => `\\${character}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
