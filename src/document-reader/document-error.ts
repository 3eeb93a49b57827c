/** Carries errors from the reading thread to the caller; ClientError and OperatorError keep their class. */
import { ClientError, messageOf, OperatorError } from '../domain/errors.js';

export type FailureMessage =
  | { readonly kind: 'client'; readonly code: string; readonly message: string }
  | { readonly kind: 'operator'; readonly message: string; readonly exitCode: 1 | 2 }
  | { readonly kind: 'defect'; readonly message: string; readonly stack: string | undefined };

export function failureMessage(thrown: unknown): FailureMessage {
  const message = messageOf(thrown);
  if (thrown instanceof ClientError) return { kind: 'client', code: thrown.code, message };
  if (thrown instanceof OperatorError) return { kind: 'operator', message, exitCode: thrown.exitCode };
  return { kind: 'defect', message, stack: thrown instanceof Error ? thrown.stack : undefined };
}

export function errorOfFailure(failure: FailureMessage): Error {
  switch (failure.kind) {
    case 'client':
      return new ClientError(failure.code, failure.message);
    case 'operator':
      return new OperatorError(failure.message, { exitCode: failure.exitCode });
    case 'defect': {
      const error = new Error(failure.message);
      if (failure.stack !== undefined) error.stack = failure.stack;
      return error;
    }
  }
}
