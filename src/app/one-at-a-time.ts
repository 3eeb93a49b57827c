/** Runs asynchronous work one piece after another, so that a reload and a check of changed files never interleave. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  /** @returns what `work` returns. If it throws, this rejects and the next piece still runs */
  run<T>(work: () => Promise<T> | T): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}
