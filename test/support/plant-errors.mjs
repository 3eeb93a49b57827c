/**
 * Loaded before the program (`NODE_OPTIONS=--import`): lets a test make an error escape from any part. Where a module of
 * the program starts something (a timer, a listener), a timer is started beside it, in the same context; it throws once a
 * file with the module's name exists in $PLANT_DIRECTORY. The file says how: `throw`, `reject`, `spin SECONDS`
 * (as an endless loop does) or `block SECONDS` (as a system call does, which leaves the processor to others).
 * While there is a file `clock`, the clock of every thread is ahead by the seconds in it.
 */
import dgram from 'node:dgram';
import events from 'node:events';
import { readFileSync, unlinkSync } from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { isMainThread, workerData } from 'node:worker_threads';

const EVERY_MS = 20;
const directory = process.env.PLANT_DIRECTORY;
const { setInterval } = globalThis;

function takeOrder(name) {
  const file = join(directory, name);
  try {
    const order = readFileSync(file, 'utf8');
    unlinkSync(file);
    return order;
  } catch {
    return undefined;
  }
}

function obey(name) {
  const order = takeOrder(name);
  if (order === undefined) return;
  const [what, seconds] = order.split(' ');
  const error = new Error(`planted in ${name}`);
  if (what === 'throw') throw error;
  if (what === 'reject') void Promise.reject(error);
  if (what === 'block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(seconds) * 1_000);
  if (what === 'spin') {
    const until = performance.now() + Number(seconds) * 1_000;
    while (performance.now() < until);
  }
}

let clockAheadMs = 0;

function setClock() {
  try {
    clockAheadMs = Number(readFileSync(join(directory, 'clock'), 'utf8')) * 1_000;
  } catch {
    clockAheadMs = 0;
  }
}

/** As `Date`, with the clock of this file. */
function dateAhead(Actual) {
  return class extends Actual {
    constructor(...args) {
      if (args.length === 0) super(Actual.now() + clockAheadMs);
      else super(...args);
    }
    static now() {
      return Actual.now() + clockAheadMs;
    }
  };
}

const planted = new Map();

/** Beside what the module that called does; the place of its last call counts, so that a restart is followed. */
function plant() {
  const caller = /\/dist\/(.+)\.js/.exec(new Error().stack)?.[1];
  if (caller === undefined) return;
  const name = caller.replaceAll('/', '.');
  clearInterval(planted.get(name));
  planted.set(name, setInterval(obey, EVERY_MS, name).unref());
}

function beside(object, method) {
  const original = object[method];
  object[method] = Object.assign(function (...args) {
    plant();
    return original.apply(this, args);
  }, original);
}

/** By what the thread was given. */
function threadName() {
  if (isMainThread) return 'main';
  if (workerData?.mirrorVitals !== undefined) return 'dns';
  return workerData?.descriptors === undefined ? 'other' : 'tracker';
}

if (directory !== undefined) {
  globalThis.Date = dateAhead(Date);
  setInterval(setClock, EVERY_MS).unref();
  setInterval(obey, EVERY_MS, `thread.${threadName()}`).unref();
  if (isMainThread) {
    beside(globalThis, 'setTimeout');
    beside(globalThis, 'setInterval');
    beside(http.Server.prototype, 'listen');
    beside(events, 'setMaxListeners');
    beside(dgram, 'createSocket');
    syncBuiltinESMExports();
  }
}
