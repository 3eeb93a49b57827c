/**
 * Sends messages to the service manager, as sd_notify(3) does: datagrams to the Unix socket that NOTIFY_SOCKET names.
 * Messages keep their order; while the manager's queue is full, they wait here.
 */
import { messageOf } from '../../domain/errors.js';
import type { Logger } from '../../logging/logger.js';
import { EAGAIN, EINTR } from '../../transport/linux/linux-abi.js';
import { errnoName, type NativeCalls, openNativeCalls } from '../../transport/linux/native-calls.js';
import { sendUnixDatagram } from '../../transport/linux/unix-datagram.js';

const RETRY_MS = 100;
/** More than the messages of any start or reload. The oldest are dropped, as a manager that reads none of them is stuck. */
const MAX_WAITING = 16;

export interface NotifySocket {
  /** @param lines `READY=1`, `STATUS=…`; a line break in one of them becomes a space */
  send(...lines: readonly string[]): void;
}

/** @returns undefined if no service manager started this process, or if it cannot be reached; the log says so then */
export async function openNotifySocket(path: string | undefined, logger: Logger): Promise<NotifySocket | undefined> {
  if (path === undefined || path === '') return undefined;
  const cannot = (why: string): undefined => {
    logger.error(`cannot notify the service manager at ${path}: ${why}; set Type=exec and no WatchdogSec in the unit`);
  };
  if (!/^[/@]./.test(path)) return cannot('NOTIFY_SOCKET must begin with "/" or "@"');
  try {
    return new UnixNotifySocket(await openNativeCalls(), path, logger);
  } catch (thrown) {
    return cannot(messageOf(thrown));
  }
}

class UnixNotifySocket implements NotifySocket {
  readonly #calls: NativeCalls;
  readonly #path: string;
  readonly #logger: Logger;
  readonly #waiting: string[] = [];
  #retry: NodeJS.Timeout | undefined;
  #failure: string | undefined;

  constructor(calls: NativeCalls, path: string, logger: Logger) {
    this.#calls = calls;
    this.#path = path;
    this.#logger = logger;
  }

  send(...lines: readonly string[]): void {
    this.#waiting.push(lines.map((line) => line.replace(/[\r\n]+/g, ' ')).join('\n'));
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    if (this.#retry === undefined) this.#flush();
  }

  #flush(): void {
    this.#retry = undefined;
    for (let message = this.#waiting[0]; message !== undefined; message = this.#waiting[0]) {
      const errno = sendUnixDatagram(this.#calls, this.#path, message);
      if (errno === EAGAIN || errno === EINTR) {
        this.#retry = setTimeout(() => this.#flush(), RETRY_MS).unref();
        return;
      }
      this.#waiting.shift();
      this.#report(errno === 0 ? undefined : errnoName(errno));
    }
  }

  /** Each failure once, not for every message. */
  #report(failure: string | undefined): void {
    if (failure !== undefined && failure !== this.#failure)
      this.#logger.error(`cannot notify the service manager at ${this.#path}: ${failure}`);
    this.#failure = failure;
  }
}
