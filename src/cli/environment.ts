/**
 * The environment for `${NAME}` in configurations: variables, and the credentials that systemd hands to the service
 * (LoadCredential=, systemd.exec(5)), so that tokens need neither be in the file nor in the environment.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, OperatorError } from '../domain/errors.js';

/** `LoadCredential=secret:DIRECTORY` names the file CONTROL_TOKEN of that directory `secret_CONTROL_TOKEN`. */
const DIRECTORY_PREFIX = /^secret_/;

type Environment = Readonly<Record<string, string | undefined>>;

/** @returns the variables, and each credential whose name is not set as a variable. @throws OperatorError */
export function withCredentials(environment: Environment): Environment {
  const directory = environment.CREDENTIALS_DIRECTORY;
  if (directory === undefined || directory === '') return environment;
  try {
    return { ...credentialsOf(directory), ...environment };
  } catch (thrown) {
    throw new OperatorError(
      `cannot read the credentials in ${directory}: ${messageOf(thrown)}; check LoadCredential=`,
      {
        cause: thrown,
      },
    );
  }
}

function credentialsOf(directory: string): Record<string, string> {
  const names = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map(({ name }) => [
      name.replace(DIRECTORY_PREFIX, ''),
      // An editor ends the file with a line break, which is not part of a token.
      readFileSync(join(directory, name), 'utf8').replace(/\r?\n$/, ''),
    ]),
  );
}
