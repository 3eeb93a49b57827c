/** `health`: whether the running tracker is ready, as an exit code, for containers and scripts. */
import type { Command } from 'commander';
import { z } from 'zod';
import { ControlCallError } from '../../control-api/control-client.js';
import { OperatorError } from '../../domain/errors.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';

interface HealthOptions extends ConnectionOptions {
  readonly live?: boolean;
}

/** The part of the answer of /readyz that is shown. */
const readiness = z.object({ reasons: z.array(z.string()) });

export function registerHealthCommand(program: Command, context: CliContext): void {
  const command = program
    .command('health')
    .description('ask the running tracker whether it is ready, and exit with 1 if not')
    .option('--live', 'ask only whether the process answers: a restart would not repair a full disk');
  addConnectionOptions(command).action((options: HealthOptions) => health(options, context));
}

async function health(options: HealthOptions, context: CliContext): Promise<void> {
  const client = connect(options, context, () => undefined);
  try {
    await client.get(options.live ? '/healthz' : '/readyz');
  } catch (thrown) {
    const reasons = thrown instanceof ControlCallError ? readiness.safeParse(thrown.body).data?.reasons : undefined;
    if (reasons === undefined) throw thrown;
    throw new OperatorError(`not ready: ${reasons.join('; ')}`, { code: 'failed' });
  }
  context.stdout.write(options.live ? 'alive\n' : 'ready\n');
}
