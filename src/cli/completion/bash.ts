/** The completion script for bash. It needs nothing of the package bash-completion. */
import { type CommandEntry, everyCommand, type ValueEntry } from './command-tree.js';

const FUNCTION = '_alias_tracker';

export function bashCompletion(program: CommandEntry): string {
  const commands = everyCommand(program);
  return `# bash completion for alias-tracker; made by: alias-tracker completion bash

# The commands below a command.
${FUNCTION}_commands() {
  case "$1" in
${cases(commands, ({ commands: below }) => below.map(({ path }) => path.at(-1)!))}
  esac
}

# The options of a command.
${FUNCTION}_options() {
  case "$1" in
${cases(commands, ({ options }) => options.flatMap(({ short, long }) => (short === undefined ? [long] : [long, short])))}
  esac
}

# What follows an option: a kind, then the choices. Nothing for a switch.
${FUNCTION}_value() {
  case "$1 $2" in
${commands.flatMap(valueCases).join('\n')}
  esac
}

# What a command takes besides options.
${FUNCTION}_argument() {
  case "$1" in
${commands
  .filter((entry) => entry.arguments.length > 0)
  .map((entry) => `    ${quoted(entry.path.join(' '))}) echo ${quoted(valueWords(entry.arguments[0]!.value))} ;;`)
  .join('\n')}
  esac
}

# Sets COMPREPLY to the words of a kind that begin with the current word.
${FUNCTION}_reply() {
  local kind="$1"
  shift
  case "$kind" in
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    directory) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur") ;;
  esac
}

${FUNCTION}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" path='' option='' value word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    # The word after an option may come with an equals sign between them.
    [[ $word == '=' ]] && continue
    if [[ -n $option ]]; then
      option=''
    elif [[ $word == -* ]]; then
      [[ -n $(${FUNCTION}_value "$path" "$word") ]] && option="$word"
    elif [[ " $(${FUNCTION}_commands "$path") " == *" $word "* ]]; then
      path="\${path:+$path }$word"
    fi
  done
  [[ $cur == '=' ]] && cur=''
  if [[ -n $option ]]; then
    value="$(${FUNCTION}_value "$path" "$option")"
    # shellcheck disable=SC2086
    ${FUNCTION}_reply $value
  elif [[ $cur == -* ]]; then
    ${FUNCTION}_reply words "$(${FUNCTION}_options "$path")"
  else
    value="$(${FUNCTION}_argument "$path")"
    # shellcheck disable=SC2086
    if [[ -n $value ]]; then ${FUNCTION}_reply $value; else ${FUNCTION}_reply words "$(${FUNCTION}_commands "$path")"; fi
  fi
}

complete -F ${FUNCTION} alias-tracker
`;
}

function cases(commands: readonly CommandEntry[], wordsOf: (entry: CommandEntry) => readonly string[]): string {
  return commands
    .map((entry) => ({ path: entry.path.join(' '), words: wordsOf(entry) }))
    .filter(({ words }) => words.length > 0)
    .map(({ path, words }) => `    ${quoted(path)}) echo ${quoted(words.join(' '))} ;;`)
    .join('\n');
}

function valueCases(entry: CommandEntry): string[] {
  return entry.options.flatMap(({ short, long, value }) => {
    if (value === undefined) return [];
    const patterns = [long, ...(short === undefined ? [] : [short])].map((name) =>
      quoted(`${entry.path.join(' ')} ${name}`),
    );
    return [`    ${patterns.join(' | ')}) echo ${quoted(valueWords(value))} ;;`];
  });
}

function valueWords({ kind, choices }: ValueEntry): string {
  return [kind === 'other' ? 'words' : kind, ...choices].join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
