/**
 * Parses a line of a web cache's or web server's access log: Squid's native format, the common and combined formats with or
 * without a leading virtual host, HAProxy's HTTP format, and JSON. A prefix of syslog (RFC 3164, RFC 5424, rsyslog) is
 * skipped. The client is not read. Time is proportional to the line.
 */
import { type JsonLogFields, jsonRequest } from './json-line.js';
import type { LogRequest } from './log-request.js';
import { parseLogTime } from './log-time.js';

export const LOG_FORMATS = ['auto', 'squid', 'combined', 'haproxy', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

// time elapsed client code/status bytes method URL user hierarchy/peer type
const SQUID = /^\s*(\d{1,12}\.\d{1,9})\s+-?\d+\s+\S+\s+\S+\/(\d{3})\s+\d+\s+([A-Z_]+)\s+(\S+)\s+\S+\s+\S+\s+(\S+)/;
/** After `[time] "`. */
const REQUEST_AND_STATUS = /([A-Z]{3,20}) (\S+)(?: HTTP\/[\d.]{1,5})?" (\d{3})(?= |$)/y;
const HAPROXY_REQUEST = /([A-Z]{3,20}) (\S+)/y;

const PRIORITY = '(?:<\\d{1,3}>)?';
const SYSLOG = [
  // Nov 30 06:01:03 host squid[12]:
  `^${PRIORITY}[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d (?:\\S{1,255} )?\\S{1,100}: ?`,
  // 2026-11-30T06:01:03.123456+00:00 host squid[12]:
  `^${PRIORITY}\\d{4}-\\d\\d-\\d\\dT\\S{8,30} \\S{1,255} \\S{1,100}: ?`,
  // <134>1 2026-11-30T06:01:03Z host squid 12 - -
  '^<\\d{1,3}>\\d{1,2} \\S{1,40} \\S{1,255} \\S{1,48} \\S{1,128} \\S{1,32} (?:- ?|(?:\\[[^\\]]{0,1000}\\]){1,20} ?)',
  '^<\\d{1,3}>',
].map((pattern) => new RegExp(pattern));

/** @returns undefined if the line is in none of the formats that `format` allows */
export function parseLogLine(line: string, format: LogFormat, fields?: JsonLogFields): LogRequest | undefined {
  const plain = withoutSyslogPrefix(line);
  switch (format) {
    case 'squid':
      return squidRequest(plain);
    case 'combined':
      return combinedRequest(plain);
    case 'haproxy':
      return haproxyRequest(plain);
    case 'json':
      return jsonRequest(plain, fields);
    case 'auto':
      if (plain.trimStart().startsWith('{')) return jsonRequest(plain, fields);
      return squidRequest(plain) ?? combinedRequest(plain) ?? haproxyRequest(plain);
  }
}

function withoutSyslogPrefix(line: string): string {
  for (const prefix of SYSLOG) {
    const found = prefix.exec(line);
    if (found !== null) return line.slice(found[0].length).replace(/^\uFEFF/, '');
  }
  return line;
}

function squidRequest(line: string): LogRequest | undefined {
  const match = SQUID.exec(line);
  if (match === null) return undefined;
  const [, time, status, method, url, type] = match;
  return { method: method!, url: url!, status: status!, type, timeMs: parseLogTime(time!) };
}

/** `[vhost[:port]] client ident user [time] "method URL HTTP/x" status bytes …`; a user may have spaces. */
function combinedRequest(line: string): LogRequest | undefined {
  const open = line.indexOf('[');
  const close = line.indexOf('] "', open);
  if (open < 0 || close < 0) return undefined;
  const request = at(REQUEST_AND_STATUS, line, close + 3);
  if (request === null) return undefined;
  const [, method, url, status] = request;
  const before = line.slice(0, open).trim().split(' ', 5);
  const host = before.length >= 4 && isHost(before[0]!) ? before[0] : undefined;
  return { method: method!, url: url!, status: status!, host, timeMs: parseLogTime(line.slice(open + 1, close)) };
}

/** A name with a dot, or anything with a port: a user with a space in the name follows a client, which has none. */
function isHost(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}(?::\d{1,5})?$/.test(text) && /:|\.[A-Za-z]/.test(text);
}

/** `client:port [time] frontend backend/server a/b/c/d/e status bytes … {captured|headers} "method URL HTTP/x"` */
function haproxyRequest(line: string): LogRequest | undefined {
  const open = line.indexOf('[');
  const close = line.indexOf('] ', open);
  const quote = line.indexOf(' "', close);
  if (open < 0 || close < 0 || quote < 0) return undefined;
  const [, , timers, status] = line.slice(close + 2, quote).split(' ', 5);
  if (
    timers === undefined ||
    !/^[\d+/-]{3,80}$/.test(timers) ||
    !timers.includes('/') ||
    !/^\d{3}$/.test(status ?? '')
  ) {
    return undefined;
  }
  const request = at(HAPROXY_REQUEST, line, quote + 2);
  if (request === null) return undefined;
  const [, method, url] = request;
  return {
    method: method!,
    // A long URL is cut, with its quote.
    url: url!.replace(/"$/, ''),
    status: status!,
    host: capturedHost(line.slice(close + 2, quote)),
    timeMs: parseLogTime(line.slice(open + 1, close)),
  };
}

function capturedHost(fields: string): string | undefined {
  const open = fields.indexOf('{');
  const close = fields.indexOf('}', open);
  if (open < 0 || close < 0) return undefined;
  return fields
    .slice(open + 1, close)
    .split('|', 20)
    .find(isHost);
}

function at(pattern: RegExp, line: string, index: number): RegExpExecArray | null {
  pattern.lastIndex = index;
  return pattern.exec(line);
}
