/** A viewer reads everything that operators read, and changes nothing. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ControlApiFixture, startFixture, VIEWER_TOKEN } from './control-api-fixture.js';

interface Operation {
  readonly security: readonly object[];
}

let api: ControlApiFixture;
beforeEach(async () => {
  api = await startFixture();
});
afterEach(() => api.stop());

describe('a viewer', () => {
  test('may make every call that only reads, the metrics too, and no other', async () => {
    const { json } = await api.call('GET', '/api/v1/openapi.json');
    const paths = json.paths as Record<string, Record<string, Operation>>;
    const forbidden: string[] = [];
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        if (security.length === 0) continue;
        const url = path.replace('{infoHash}', '0'.repeat(40)).replace('{probe}', 'x');
        const { status } = await api.call(method.toUpperCase(), url, { token: VIEWER_TOKEN });
        expect(status, `${method} ${path}`).not.toBe(401);
        if (status === 403) forbidden.push(`${method} ${path}`);
        else expect(method, path).toBe('get');
      }
    }
    expect(forbidden.filter((call) => call.startsWith('get '))).toEqual([]);
    expect(forbidden).toContain('post /api/v1/probes/{probe}/release');
    expect(forbidden).toContain('post /api/v1/capability');
    expect((await api.call('GET', '/metrics', { token: VIEWER_TOKEN })).text).toContain('process_cpu_seconds_total');
  });

  test('sees the dashboard', async () => {
    expect((await api.call('GET', '/', { token: VIEWER_TOKEN })).status).toBe(200);
  });
});
