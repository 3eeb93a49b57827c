/** A page makes each of its calls once, although several of its boxes and its frame need the same answers. */
import { expect, test, vi } from 'vitest';
import { showPage } from './page-fixture.js';

test('each call of a page is made once', async () => {
  const overview = vi.fn(() => ({
    ...{ announces: 1, peersGiven: 1, peersGivenInner: 1, swarms: 1, peers: 1, seeds: 1 },
    ...{
      innerShare: null,
      announcesPerSecond: null,
      savings: null,
      byNetwork: null,
      notReady: ['the disk is full'],
      alarms: [],
    },
  }));
  const alarms = vi.fn(() => ({ open: [], history: [], next: null }));
  const { html, defects } = await showPage('/', { '/api/v1/overview': overview, '/api/v1/alarms': alarms });
  expect(defects).toEqual([]);
  expect(html).toContain('Not ready: the disk is full');
  expect(overview).toHaveBeenCalledOnce();
  expect(alarms).toHaveBeenCalledOnce();
});
