/**
 * The control plane's side of snapshots: parts as the worker sends them, in order, into a file. A new snapshot ends an
 * unfinished one; a disk that fails ends it too and is told, and the next one tries again.
 */
import { SnapshotWriter } from './snapshot-file.js';

export interface SnapshotPart {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

export class SnapshotReceiver {
  private readonly path: string;
  private readonly onTaken: (id: number) => void;
  private readonly onWritten: (error: Error | null) => void;
  private queue: Promise<void> = Promise.resolve();
  private writer: SnapshotWriter | null = null;
  private id = 0;
  private failedId = -1;

  /** @param onWritten called once a snapshot, with null or what went wrong */
  constructor(path: string, onTaken: (id: number) => void, onWritten: (error: Error | null) => void) {
    this.path = path;
    this.onTaken = onTaken;
    this.onWritten = onWritten;
  }

  take(part: SnapshotPart): void {
    this.queue = this.queue.then(() => this.write(part));
  }

  /** Resolves once everything taken is on disk; an unfinished snapshot is discarded. */
  async close(): Promise<void> {
    await this.queue;
    await this.writer?.discard();
    this.writer = null;
  }

  private async write(part: SnapshotPart): Promise<void> {
    if (part.id === this.failedId) return this.onTaken(part.id);
    try {
      if (this.writer === null || part.id !== this.id) {
        await this.writer?.discard();
        this.writer = await SnapshotWriter.open(this.path);
        this.id = part.id;
      }
      await this.writer.append(part.bytes);
      if (part.last) {
        await this.writer.commit();
        this.writer = null;
        this.onWritten(null);
      }
    } catch (error) {
      this.failedId = part.id;
      await this.writer?.discard().catch(() => {});
      this.writer = null;
      this.onWritten(error instanceof Error ? error : new Error(String(error)));
    }
    this.onTaken(part.id);
  }
}
