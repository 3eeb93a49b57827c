/** The composition root: builds every part that the configuration enables, connects them, stops them in reverse. */
import type { Config } from '../config/config-schema.js';
import { OperatorError } from '../domain/errors.js';
import type { Application, AppOverrides } from './application.js';

export function createApp(_config: Config, _overrides: AppOverrides = {}): Application {
  throw new OperatorError('this build has no parts to run', { exitCode: 1 });
}
