/**
 * Values that many requests need and that only a query tells: asked for once for all requests that one turn of the event loop
 * handles. They arrived before it began, so none of their senders knows of a change that the turn itself makes.
 */

/** @returns the value of `make`, made at most once in each turn */
export function oncePerTurn<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    if (made === undefined) {
      made = { value: make() };
      setImmediate(() => {
        made = undefined;
      });
    }
    return made.value;
  };
}
