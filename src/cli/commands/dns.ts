/** `dns`: the redirection as an operator needs it: what users would lose, that it fails open, and other resolvers. */
import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { registerDnsCheckCommand } from './dns-check.js';
import { registerDnsDrillCommand } from './dns-drill.js';
import { registerDnsExportCommand } from './dns-export.js';
import { registerDnsStatusCommand } from './dns-status.js';

export function registerDnsCommand(program: Command, context: CliContext, version: string): void {
  const dns = program
    .command('dns')
    .description('check, watch and prove the redirection, and export it to your resolvers');
  registerDnsCheckCommand(dns, context);
  registerDnsDrillCommand(dns, context);
  registerDnsStatusCommand(dns, context);
  registerDnsExportCommand(dns, context, version);
}
