/** `serve`: runs everything that the configuration enables, until it is stopped. */
import type { Command } from 'commander';
import type { Application } from '../../app/application.js';
import type { ServiceManager } from '../../app/service-manager/service-manager.js';
import { ConfigSource } from '../../config/config-source.js';
import { OperatorError } from '../../domain/errors.js';
import type { Lab } from '../../lab/start-lab.js';
import { createLogger } from '../../logging/logger.js';
import type { CliContext } from '../cli-context.js';
import { describeServing } from '../describe-serving.js';
import { withCredentials } from '../environment.js';
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
    const source = new ConfigSource(context.configFile(options.config), withCredentials(context.env), config);
    const running = createApp(config, { logger, source });
    app = running;
    context.onUncaughtError((thrown) => running.takeUncaughtError(thrown));
    await running.start();
    if (context.signal.aborted) return;
    const { connectServiceManager } = await import('../../app/service-manager/service-manager.js');
    const notified = await connectServiceManager(context.env, logger);
    manager = notified;
    running.reportReloads((work) => notified.reloading(work));
    onHangUp = () => void reload(running);
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

/** The log says what changes, or why nothing does. */
async function reload(app: Application): Promise<void> {
  await app.reloadFile(false, 'SIGHUP').catch(() => undefined);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
