/** Finds the running tracker's control API and the token for it: from option, environment or configuration. */
import type { Command } from 'commander';
import type { Config } from '../config/config-schema.js';
import { ControlClient } from '../control-api/control-client.js';
import { OperatorError } from '../domain/errors.js';
import { reachableUrl } from '../net/listen-url.js';
import type { CliContext } from './cli-context.js';

export interface ConnectionOptions {
  readonly config?: string;
  readonly url?: string;
  readonly token?: string;
  readonly sign?: boolean;
}

export function addConnectionOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration (else $ALIAS_TRACKER_CONFIG, else ./alias-tracker.yaml)')
    .option('--url <url>', 'the control API (else $ALIAS_TRACKER_URL, else control.listen of the configuration)')
    .option('--token <token>', 'the token; prefer $ALIAS_TRACKER_TOKEN (else the one in the configuration)');
}

/**
 * @param tokenOf the configured token for this use
 * @param signAs the probe whose token signs requests and is not sent
 * @throws OperatorError, ConfigError
 */
export function connect(
  options: ConnectionOptions,
  context: CliContext,
  tokenOf: (config: Config) => string | undefined,
  signAs?: string,
): ControlClient {
  const given = options.url ?? context.env.ALIAS_TRACKER_URL;
  const givenToken = options.token ?? context.env.ALIAS_TRACKER_TOKEN;
  // A probe's machine needs no configuration if the URL is given.
  const config = given !== undefined && options.config === undefined ? undefined : context.loadConfig(options.config);
  const url = given ?? controlUrl(config!);
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new OperatorError(`--url is an address such as http://127.0.0.1:8090, not "${url}"`);
  }
  const token = givenToken ?? (config === undefined ? undefined : tokenOf(config));
  return new ControlClient({ url, token, clock: context.clock, signAs });
}

function controlUrl(config: Config): string {
  if (config.control === undefined) {
    throw new OperatorError(
      'the configuration has no "control" section, so this tracker has no control API; pass --url',
    );
  }
  return reachableUrl(config.control.listen);
}
