/**
 * Parses a line of an access log in JSON. The usual names of fields need no configuration: those of nginx and Squid examples,
 * Caddy, Traefik and the Elastic Common Schema.
 */
import { fieldReader } from '../sources/field-path.js';
import type { LogRequest } from './log-request.js';
import { parseLogTime } from './log-time.js';

/** Paths of fields (sources/field-path.ts). */
export interface JsonLogFields {
  readonly time?: string | undefined;
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly host?: string | undefined;
  readonly status?: string | undefined;
  readonly type?: string | undefined;
}

const USUAL: Readonly<Record<keyof JsonLogFields | 'scheme', readonly string[]>> = {
  time: ['time_iso8601', 'timestamp', '@timestamp', 'time', 'ts', 'msec', 'time_local', 'StartUTC', 'datetime'],
  method: ['method', 'request_method', 'http.request.method', 'request.method', 'RequestMethod'],
  url: ['url', 'request_uri', 'uri', 'request_url', 'url.original', 'request.uri', 'RequestPath', 'path', 'request'],
  host: ['host', 'http_host', 'server_name', 'vhost', 'url.domain', 'request.host', 'RequestHost'],
  status: ['status', 'status_code', 'http_status', 'http.response.status_code', 'response.status', 'DownstreamStatus'],
  type: ['content_type', 'sent_http_content_type', 'mime_type', 'type'],
  scheme: ['scheme', 'request_scheme', 'url.scheme', 'RequestScheme'],
};
/** `GET /x HTTP/1.1` in one field. */
const REQUEST_LINE = /^([A-Z]{3,20}) (\S+)(?: HTTP\/[\d.]{1,5})?$/;

/** @throws OperatorError if a field is not a path */
export function jsonRequest(line: string, fields: JsonLogFields = {}): LogRequest | undefined {
  const root = parsed(line);
  if (root === undefined) return undefined;
  const field = (name: keyof typeof USUAL): string | undefined => {
    const configured = name === 'scheme' ? undefined : fields[name];
    return configured === undefined ? usualField(root, USUAL[name]) : readerOf(configured)({ value: root, around: [] });
  };
  const url = field('url');
  const status = field('status');
  if (url === undefined || status === undefined) return undefined;
  const request = REQUEST_LINE.exec(url);
  const method = request?.[1] ?? field('method');
  if (method === undefined) return undefined;
  const time = field('time');
  return {
    method,
    url: request?.[2] ?? url,
    status,
    host: field('host'),
    isHttps: field('scheme') === 'https',
    type: field('type'),
    timeMs: time === undefined ? undefined : parseLogTime(time),
  };
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A name with dots is a key, or keys within keys. */
function usualField(root: Readonly<Record<string, unknown>>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = own(root, name) ?? (name.includes('.') ? name.split('.').reduce<unknown>(own, root) : undefined);
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}

function own(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

const readers = new Map<string, ReturnType<typeof fieldReader>>();

/** The few paths of the configuration are parsed once, not for each line. */
function readerOf(path: string): ReturnType<typeof fieldReader> {
  const reader = readers.get(path) ?? fieldReader(path);
  readers.set(path, reader);
  return reader;
}
