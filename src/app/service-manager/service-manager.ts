/**
 * Reports to the service manager (systemd) that started this process: when it is ready, reloads and stops, what it does,
 * and that it is alive. Without a service manager it does nothing. Protocol: sd_notify(3), sd_watchdog_enabled(3).
 */
import type { Logger } from '../../logging/logger.js';
import type { Application } from '../application.js';
import { type NotifySocket, openNotifySocket } from './notify-socket.js';

/** The protocol asks for half of the time at most. More often, so that one late timer does not cause a restart. */
const KEEP_ALIVES_PER_TIMEOUT = 4;
/** How often the state is compared where no watchdog is set. */
const STATUS_EVERY_MS = 5_000;
/** `systemctl status` shows one line. */
const MAX_STATUS_LENGTH = 200;

export interface ServiceManager {
  /** The application listens. From now on its state is reported. */
  ready(app: Pick<Application, 'faults' | 'beats'>): void;
  /** Reports a reload around `reload`, also of one that is refused. */
  reloading(reload: () => Promise<void>): Promise<void>;
  stopping(): void;
}

export interface ServiceEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

/** @param environment the process's */
export async function connectServiceManager(environment: ServiceEnvironment, logger: Logger): Promise<ServiceManager> {
  const socket = await openNotifySocket(environment.NOTIFY_SOCKET, logger);
  if (socket === undefined) return { ready: () => {}, reloading: (reload) => reload(), stopping: () => {} };
  return new NotifiedServiceManager(socket, keepAliveMs(environment));
}

/** @returns undefined if this process has no watchdog */
export function keepAliveMs({ WATCHDOG_USEC, WATCHDOG_PID }: ServiceEnvironment): number | undefined {
  const timeoutMs = Number(WATCHDOG_USEC) / 1_000;
  if (!(timeoutMs > 0)) return undefined;
  // A program that this service starts inherits the variables, but not the watchdog.
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== '' && Number(WATCHDOG_PID) !== process.pid) return undefined;
  return timeoutMs / KEEP_ALIVES_PER_TIMEOUT;
}

class NotifiedServiceManager implements ServiceManager {
  readonly #socket: NotifySocket;
  readonly #keepAliveMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #status = '';
  /** Of the tracker's thread at the last keep-alive. */
  #beats: number | undefined;

  constructor(socket: NotifySocket, keepAlive: number | undefined) {
    this.#socket = socket;
    this.#keepAliveMs = keepAlive;
  }

  ready(app: Pick<Application, 'faults' | 'beats'>): void {
    this.#status = statusOf(app.faults());
    this.#beats = app.beats('tracker');
    this.#socket.send('READY=1', `STATUS=${this.#status}`);
    // The main thread's own timer: while that thread is stuck, nothing is sent.
    this.#timer = setInterval(() => this.#report(app), this.#keepAliveMs ?? STATUS_EVERY_MS).unref();
  }

  async reloading(reload: () => Promise<void>): Promise<void> {
    // systemd compares the time with that of its own request (Type=notify-reload): CLOCK_MONOTONIC, as hrtime is.
    const monotonicUsec = process.hrtime.bigint() / 1_000n;
    this.#socket.send('RELOADING=1', `MONOTONIC_USEC=${monotonicUsec}`);
    try {
      await reload();
    } finally {
      this.#socket.send('READY=1');
    }
  }

  stopping(): void {
    clearInterval(this.#timer);
    this.#socket.send('STOPPING=1', 'STATUS=stopping');
  }

  #report(app: Pick<Application, 'faults' | 'beats'>): void {
    const beats = app.beats('tracker');
    const isAlive = beats !== this.#beats;
    this.#beats = beats;
    const status = isAlive ? statusOf(app.faults()) : 'the thread tracker does not run';
    const lines: string[] = [];
    if (status !== this.#status) lines.push(`STATUS=${status}`);
    this.#status = status;
    if (isAlive && this.#keepAliveMs !== undefined) lines.push('WATCHDOG=1');
    if (lines.length > 0) this.#socket.send(...lines);
  }
}

function statusOf(faults: readonly string[]): string {
  const status = faults.length === 0 ? 'serving' : `not ready: ${faults.join('; ')}`;
  return status.length <= MAX_STATUS_LENGTH ? status : `${status.slice(0, MAX_STATUS_LENGTH - 1)}…`;
}
