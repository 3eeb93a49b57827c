/**
 * `report`: sends density and capability, by hand, from a collector's output, or as an agent that runs until stopped.
 */
import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { registerReportCapabilityCommand } from './report-capability.js';
import { registerReportDensityCommand } from './report-density.js';

export function registerReportCommand(program: Command, context: CliContext): void {
  const report = program.command('report').description('send a report of traffic density or of a node’s capability');
  registerReportDensityCommand(report, context);
  registerReportCapabilityCommand(report, context);
}
