/** A service manager's socket for tests. Python listens on it, because Node.js has no Unix datagram sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually } from './eventually.js';

export interface Notified {
  /** Of the sender, as the kernel names it. */
  readonly pid: number;
  readonly lines: readonly string[];
  /** Whether the port accepted a connection when READY=1 came; null for other messages. */
  readonly accepts: boolean | null;
}

export class NotifySocket {
  readonly path: string;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(path: string, child: ChildProcess) {
    this.path = path;
    this.#child = child;
    child.stdout!.on('data', (chunk: Buffer) => {
      this.#output += chunk;
    });
  }

  /** @param port that READY=1 is about */
  static async listen(path: string, port: number): Promise<NotifySocket> {
    const script = join(import.meta.dirname, 'notify-receiver.py');
    const child = spawn('python3', [script, path, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const socket = new NotifySocket(path, child);
    await eventually('the notify socket', () => socket.#output.includes('\n'), {
      possible: () => child.exitCode === null,
    });
    return socket;
  }

  get messages(): Notified[] {
    const whole = this.#output.slice(0, this.#output.lastIndexOf('\n'));
    return whole
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line) as Notified);
  }

  /** All lines of all messages. */
  get lines(): string[] {
    return this.messages.flatMap(({ lines }) => lines);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
