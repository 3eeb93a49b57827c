/** What an operator's call leaves in the log of operator actions: who, from where, what, and what became of it. */
import { ClientError } from '../domain/errors.js';
import { maskUrlSecrets } from '../domain/mask-url-secrets.js';
import type { ActionResult, OperatorAction } from '../store/sqlite/operator-log.js';
import type { Answer, Audit, Call } from './route.js';

/** Longer requests, such as lists of torrents, are cut. */
const MAX_REQUEST_CHARACTERS = 2_000;
const SECRET_KEY = /token|secret|password/i;

type Outcome = { readonly answer: Answer } | { readonly thrown: unknown };

/** @returns undefined for a call that changes nothing this time */
export function auditEntry(
  audit: Audit<unknown, unknown>,
  call: Call<unknown, unknown, unknown>,
  outcome: Outcome,
  atMs: number,
): OperatorAction | undefined {
  if (audit.isChange?.(call) === false) return undefined;
  return {
    atMs,
    actor: call.principal?.name ?? 'nobody',
    address: call.callerAddress,
    action: audit.action,
    subject: audit.subject?.(call) ?? null,
    result: resultOf(outcome),
    details: { ...requestOf(call.body), ...outcomeOf(audit, outcome) },
  };
}

function resultOf(outcome: Outcome): ActionResult {
  if ('answer' in outcome) return (outcome.answer.status ?? 200) < 400 ? 'done' : 'refused';
  return outcome.thrown instanceof ClientError ? 'refused' : 'failed';
}

function outcomeOf(audit: Audit<unknown, unknown>, outcome: Outcome): Record<string, unknown> {
  if ('answer' in outcome) {
    const said = audit.outcome?.(outcome.answer);
    return said === undefined ? {} : { outcome: said };
  }
  // Other errors are defects, and may contain what nobody should read.
  return outcome.thrown instanceof ClientError ? { reason: outcome.thrown.message } : {};
}

function requestOf(body: unknown): Record<string, unknown> {
  if (body === undefined || (typeof body === 'object' && body !== null && Object.keys(body).length === 0)) return {};
  const text = JSON.stringify(body, (key, value: unknown) => {
    if (typeof value !== 'string') return value;
    return SECRET_KEY.test(key) ? '[secret]' : maskUrlSecrets(value);
  });
  if (text.length > MAX_REQUEST_CHARACTERS) return { request: `${text.slice(0, MAX_REQUEST_CHARACTERS)}…` };
  return { request: JSON.parse(text) as unknown };
}
