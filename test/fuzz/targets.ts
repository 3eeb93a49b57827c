/** Every fuzz target, in the order in which they run. */
import type { FuzzTarget } from './fuzz-target.js';
import { accessLog } from './targets/access-log.js';
import { announceRequest } from './targets/announce-request.js';
import { collectorLine } from './targets/collector-line.js';
import { config } from './targets/config.js';
import { dhtPacket } from './targets/dht-packet.js';
import { dnsQuery } from './targets/dns-query.js';
import { dnsResolverAnswer } from './targets/dns-resolver-answer.js';
import { feed } from './targets/feed.js';
import { listPage } from './targets/list-page.js';
import { magnet } from './targets/magnet.js';
import { metadataPeer, pieceLayers } from './targets/metadata-peer.js';
import { metainfo } from './targets/metainfo.js';
import { passedPage } from './targets/passed-page.js';
import { proxyHeader } from './targets/proxy-header.js';
import { reportBody } from './targets/report-body.js';
import { robots } from './targets/robots.js';
import { rpzRequest } from './targets/rpz-request.js';
import { snapshot } from './targets/snapshot.js';
import { sourceLists } from './targets/source-lists.js';
import { topologyFile } from './targets/topology-file.js';
import { trackerAnswer, trackerPacket } from './targets/tracker-answer.js';
import { trackerDatagram, trackerRequest, trackerWorkers } from './targets/tracker-handlers.js';

export const TARGETS: readonly FuzzTarget[] = [
  trackerDatagram,
  trackerRequest,
  trackerWorkers,
  announceRequest,
  proxyHeader,
  trackerAnswer,
  trackerPacket,
  dhtPacket,
  dnsQuery,
  dnsResolverAnswer,
  rpzRequest,
  metainfo,
  pieceLayers,
  magnet,
  metadataPeer,
  feed,
  listPage,
  passedPage,
  sourceLists,
  robots,
  accessLog,
  config,
  topologyFile,
  reportBody,
  collectorLine,
  snapshot,
];
