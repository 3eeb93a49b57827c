/**
 * The results of health checks in shared memory: the thread that answers DNS reads them at each question, also
 * while other threads are stuck.
 */

const UP = 1;

export class HealthTable {
  readonly #cells: Int32Array;

  static memoryFor(checks: number): SharedArrayBuffer {
    return new SharedArrayBuffer(checks * Int32Array.BYTES_PER_ELEMENT);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory);
  }

  isUp(check: number): boolean {
    return this.#cells[check] === UP;
  }

  set(check: number, isUp: boolean): void {
    Atomics.store(this.#cells, check, isUp ? UP : 0);
  }
}

/** Whether one of each group's checks is up. */
export function areMet(needs: readonly (readonly number[])[], table: Pick<HealthTable, 'isUp'>): boolean {
  return needs.every((group) => group.some((check) => table.isUp(check)));
}
