/** `serve`: runs everything that the configuration enables, until it is stopped. */
import type { Command } from 'commander';
import type { Application } from '../../app/application.js';
import type { ServiceManager } from '../../app/service-manager/service-manager.js';
import type { Config } from '../../config/config-schema.js';
import { messageOf, OperatorError } from '../../domain/errors.js';
import type { Lab } from '../../lab/start-lab.js';
import { createLogger } from '../../logging/logger.js';
import type { CliContext } from '../cli-context.js';
import { describeServing } from '../describe-serving.js';
import { loadLab } from '../load-lab.js';

interface ServeOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export function registerServeCommand(program: Command, context: CliContext): void {
  program
    .command('serve')
    .description('run everything the configuration enables')
    .option('-c, --config <file>', 'the configuration (else $ALIAS_TRACKER_CONFIG, else ./alias-tracker.yaml)')
    .option('--json', 'print the listening addresses as JSON')
    .addHelpText('after', '\nSIGTERM and SIGINT save the swarms and stop; SIGHUP reloads the configuration.')
    .action((options: ServeOptions) => serve(options, context));
}

async function serve(options: ServeOptions, context: CliContext): Promise<void> {
  const config = context.loadConfig(options.config);
  const logger = createLogger(config.logging.level);
  let lab: Lab | undefined;
  let app: Application | undefined;
  let manager: ServiceManager | undefined;
  let problems: readonly string[] = [];
  // From the first moment on, because the signal ends a process that does not handle it. What comes during the start is done after it.
  let isReloadAsked = false;
  let onHangUp = (): void => {
    isReloadAsked = true;
  };
  context.onHangUp(() => onHangUp());
  try {
    // The lab simulates the rest of the world, so it starts first.
    if (config.labServices) {
      const { startLab } = await loadLab(() => import('../../lab/start-lab.js'));
      lab = await startLab(config.labServices, { logger });
    }
    if (context.signal.aborted) return;
    // Imported here, so that the other commands start fast.
    const { createApp } = await import('../../app/create-app.js');
    const running = createApp(config, { logger });
    app = running;
    context.onUncaughtError((thrown) => running.takeUncaughtError(thrown));
    await running.start();
    if (context.signal.aborted) return;
    const { connectServiceManager } = await import('../../app/service-manager/service-manager.js');
    const notified = await connectServiceManager(context.env, logger);
    manager = notified;
    onHangUp = () => void notified.reloading(() => reload(running, options, context, logger));
    notified.ready(running);
    if (isReloadAsked) onHangUp();
    const addresses = [...running.addresses, ...(lab?.addresses ?? [])];
    if (options.json) context.stdout.write(`${JSON.stringify({ addresses })}\n`);
    else context.stdout.write(describeServing(config, addresses, options.config));
    await untilAborted(context.signal);
    logger.info('stopping');
  } finally {
    manager?.stopping();
    problems = (await app?.stop()) ?? [];
    await lab?.stop();
  }
  if (problems.length > 0) throw new OperatorError(`stopped; ${problems.join('; ')}`, { code: 'failed' });
}

async function reload(
  app: Application,
  options: ServeOptions,
  context: CliContext,
  logger: ReturnType<typeof createLogger>,
): Promise<void> {
  let config: Config;
  try {
    config = context.loadConfig(options.config);
  } catch (thrown) {
    logger.error(`the configuration was not applied, the old one stays in force:\n${messageOf(thrown)}`);
    return;
  }
  try {
    const needRestart = await app.reload(config);
    logger.info('configuration reloaded');
    for (const line of needRestart) logger.warn(`takes effect at the next start: ${line}`);
  } catch (thrown) {
    // An operator needs the reason; the stack is for defects.
    logger.error(
      thrown instanceof OperatorError ? {} : { err: thrown },
      `reload failed, the old configuration stays in force: ${messageOf(thrown)}`,
    );
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
