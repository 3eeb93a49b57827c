/**
 * Imports a module of `src/lab` on demand. Only a checkout has the lab and its packages; an operator's installation has
 * neither, so a command that needs the lab must say so rather than fail with a missing module.
 */
import { errorCodeOf, OperatorError } from '../domain/errors.js';

/** @throws OperatorError if this installation has no lab, or lacks the packages that the lab needs */
export async function loadLab<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (thrown) {
    if (errorCodeOf(thrown) !== 'ERR_MODULE_NOT_FOUND') throw thrown;
    const message = 'the lab is not part of this installation: run it from a checkout of the project, with npm start';
    throw new OperatorError(message, { cause: thrown });
  }
}
