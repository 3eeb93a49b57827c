/** Every page of the dashboard. */
import type { Page } from '../page.js';
import { explainPage } from './explain-page.js';
import { logPage } from './log-page.js';
import { overviewPage } from './overview-page.js';
import { probePage } from './probe-page.js';
import { probesPage } from './probes-page.js';
import { redirectionPage } from './redirection-page.js';
import { savingsPage } from './savings-page.js';
import { subdomainPage } from './subdomain-page.js';
import { subdomainsPage } from './subdomains-page.js';
import { torrentPage } from './torrent-page.js';
import { torrentsPage } from './torrents-page.js';
import { upstreamPage } from './upstream-page.js';

export const PAGES: readonly Page[] = [
  overviewPage,
  torrentsPage,
  torrentPage,
  subdomainsPage,
  subdomainPage,
  probesPage,
  probePage,
  redirectionPage,
  upstreamPage,
  savingsPage,
  explainPage,
  logPage,
];
