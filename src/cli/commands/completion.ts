/** `completion` and `man`: what shells and manual-page readers need, made from the definitions of the commands. */
import { Argument, type Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { bashCompletion } from '../completion/bash.js';
import { type CommandEntry, commandTree } from '../completion/command-tree.js';
import { fishCompletion } from '../completion/fish.js';
import { manPage } from '../completion/man-page.js';
import { zshCompletion } from '../completion/zsh.js';

const SHELLS: Readonly<Record<string, (program: CommandEntry) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

const HOW = `
bash:  alias-tracker completion bash > /etc/bash_completion.d/alias-tracker
zsh:   alias-tracker completion zsh > /usr/local/share/zsh/site-functions/_alias-tracker
fish:  alias-tracker completion fish > ~/.config/fish/completions/alias-tracker.fish
The Debian package has installed all of them.`;

export function registerCompletionCommands(program: Command, context: CliContext, version: string): void {
  program
    .command('completion')
    .description('print the completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SHELLS)))
    .addHelpText('after', HOW)
    .action((shell: string) => void context.stdout.write(SHELLS[shell]!(commandTree(program))));
  program
    .command('man')
    .description('print the manual page; read it with: alias-tracker man | man -l -')
    .action(() => {
      // The date of a reproducible build (reproducible-builds.org), else today's.
      const epochMs = Number(context.env.SOURCE_DATE_EPOCH) * 1_000 || context.clock.nowMs();
      const date = new Date(epochMs).toISOString().slice(0, 10);
      context.stdout.write(manPage(commandTree(program), version, date));
    });
}
