/**
 * The mirror site in an original site's place (draft 4.2): what the catalogue does not have passes to the original, so that
 * login, search, upload and comments work. Links to torrents are rewritten on the way, unless the reader is to get the
 * original's bytes. Only the configured sites are reached, by their own names and ports: this is not an open proxy.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Agent } from 'undici';
import { forgetOldest } from '../../domain/forget-oldest.js';
import type { InfoHash } from '../../domain/info-hash.js';
import { hasUrlSecrets } from '../../domain/mask-url-secrets.js';
import { type BlockedReason, } from '../../net/outbound-rules.js';
import { guardedConnector, type ResolveName } from '../../net/guarded-connect.js';
import type { PartContext } from '../../part/part.js';
import { withdrawnPage } from '../message-page.js';
import { originalSite, readHost } from '../request-host.js';
import { redirect, sendPage, sendText } from '../response.js';
import type { Rewrite } from '../rewritten-torrents.js';
import type { Visit } from '../visit.js';
import { Concurrency } from './concurrency.js';
import { type EntityTags, entityTags } from './entity-tags.js';
import { crossing } from './forwarded-headers.js';
import { PASS_THROUGH_LIMITS, type PassThroughLimits } from './limits.js';
import { OriginalsHealth } from './originals-health.js';
import { Passing, type PassingContext, type PassingJob } from './passing.js';
import { choiceCookie, cookieChoice, originalReason, type ReaderRules } from './reader-choice.js';
import { CHOICE_PATH, choicePage, FAILURE_STATUS, type FailureKind, failurePage, OPT_IN_PATH, OPT_OUT_PATH } from './reader-pages.js';
import { passTorrent } from './rewriting/torrent-rewriter.js';
import type { Authorities } from './scheme-bridge.js';
import { join, switchingHead } from './upgraded-connection.js';
import { isLoop, mirrorPseudonym } from './via.js';
