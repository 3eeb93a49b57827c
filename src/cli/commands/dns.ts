/** `dns`: the redirections in other resolvers. */
import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { registerDnsExportCommand } from './dns-export.js';

export function registerDnsCommand(program: Command, context: CliContext, version: string): void {
  const dns = program.command('dns').description('redirect names with your own resolvers');
  registerDnsExportCommand(dns, context, version);
}
