/** Carries errors from one thread to another; ClientError and OperatorError keep their class. */
import type { ClientErrorCode, ErrorCode } from './error-catalogue.js';
import { ClientError, messageOf, OperatorError } from './errors.js';

export type FailureMessage =
  | { readonly kind: 'client'; readonly code: ClientErrorCode; readonly message: string }
  | { readonly kind: 'operator'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'defect'; readonly message: string; readonly stack: string | undefined };

export function failureMessage(thrown: unknown): FailureMessage {
  const message = messageOf(thrown);
  if (thrown instanceof ClientError) return { kind: 'client', code: thrown.code, message };
  if (thrown instanceof OperatorError) return { kind: 'operator', code: thrown.code, message };
  return { kind: 'defect', message, stack: thrown instanceof Error ? thrown.stack : undefined };
}

export function errorOfFailure(failure: FailureMessage): Error {
  switch (failure.kind) {
    case 'client':
      return new ClientError(failure.code, failure.message);
    case 'operator':
      return new OperatorError(failure.message, { code: failure.code });
    case 'defect': {
      const error = new Error(failure.message);
      if (failure.stack !== undefined) error.stack = failure.stack;
      return error;
    }
  }
}
