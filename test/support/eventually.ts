/**
 * Waiting in tests: for a condition, never for a time. A machine that is busy needs many times as long as an idle one, so the
 * bounds only end a test that would hang. `test/repo/waiting.test.ts` refuses other ways to wait.
 */

/** Longer than anything takes here; shorter than the time limit of a test (vitest.config.ts), so that this message is shown. */
export const PATIENCE_MS = Number(process.env.TEST_PATIENCE_MS ?? 120_000);
const POLL_MS = 10;

export interface Awaited {
  /** Describes the actual state, for the message. */
  readonly found?: () => string;
  /** False once it cannot come true any more, e.g. because the process has ended. */
  readonly possible?: () => boolean;
}

/** Waits until `condition` holds. @throws Error with `what` if it never does */
export async function eventually(
  what: string,
  condition: () => Promise<boolean> | boolean,
  { found, possible }: Awaited = {},
): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  let over = false;
  while (!(await condition())) {
    const why = over ? 'became impossible' : `did not come true within ${PATIENCE_MS} ms`;
    if (over || performance.now() > endMs) throw new Error(`${what} ${why}${found ? `: ${found()}` : ''}`);
    // Ended after the condition was asked: asked once more, as its last words may have arrived with the end.
    over = possible?.() === false;
    await new Promise((resolve) => setTimeout(resolve, over ? 0 : POLL_MS));
  }
}

/**
 * A gap between two actions, so that the other side usually sees them apart. A test must pass without it, too: whoever
 * needs something to have happened waits for it with {@link eventually}.
 */
export function gap(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @returns the result, or undefined if it is not there within the time: for what is expected to stay silent */
export async function within<Result>(ms: number, result: Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([result, silence]);
  } finally {
    clearTimeout(timer);
  }
}
