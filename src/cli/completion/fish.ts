/** The completion script for fish. */
import { type CommandEntry, everyCommand, type OptionEntry, type ValueEntry } from './command-tree.js';

export function fishCompletion(program: CommandEntry): string {
  const commands = everyCommand(program);
  const withValue = commands.flatMap(({ options }) =>
    options.filter(({ value }) => value?.required).flatMap(({ short, long }) => [long, ...(short ? [short] : [])]),
  );
  const paths = commands.slice(1).map(({ path }) => quoted(path.join(' ')));
  return `# fish completion for alias-tracker; made by: alias-tracker completion fish

# Succeeds if the command that has been typed so far is this one.
function __alias_tracker_at
    set -l at
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word ${[...new Set(withValue)].join(' ')}
            set skip 1
        else if contains -- (string join ' ' $at $word) ${paths.join(' ')}
            set -a at $word
        end
    end
    set -l typed (string join ' ' -- $at)
    test "$typed" = "$argv[1]"
end

complete -c alias-tracker -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf(entry: CommandEntry): string[] {
  const at = `complete -c alias-tracker -n ${quoted(`__alias_tracker_at ${quoted(entry.path.join(' '))}`)}`;
  const [first] = entry.arguments;
  return [
    ...entry.commands.map(({ path, description }) => `${at} -a ${path.at(-1)} -d ${quoted(description)}`),
    ...entry.options.map((option) => `${at}${optionFlags(option)}`),
    ...(first === undefined ? [] : [`${at}${valueFlags(first.value)}`]),
  ];
}

function optionFlags({ short, long, description, value }: OptionEntry): string {
  const names = `${short === undefined ? '' : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`;
  const takes =
    value === undefined ? '' : `${value.required ? (value.kind === 'other' ? ' -x' : ' -r') : ''}${valueFlags(value)}`;
  return `${names}${takes} -d ${quoted(description)}`;
}

function valueFlags({ choices, kind }: ValueEntry): string {
  if (choices.length > 0) return ` -a ${quoted(choices.join(' '))}`;
  if (kind === 'directory') return ` -a ${quoted('(__fish_complete_directories)')}`;
  return kind === 'file' ? ' -F' : '';
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}
