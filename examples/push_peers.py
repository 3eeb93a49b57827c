#!/usr/bin/env python3
"""Pushes the peers of an original tracker to an alias tracker, which hands them to clients inside an operator's network.

For trackers that answer a full scrape over HTTP, such as opentracker and bittorrent-tracker. Neither lists peers in its statistics
(opentracker: /stats, bittorrent-tracker: /stats.json). So the full scrape says which torrents have changed, and an announce with
numwant, followed by stopped, says who their peers are. Python's standard library is enough, because a machine with opentracker
seldom has Node.js.

    ALIAS_TRACKER_TOKEN=... ./push_peers.py --tracker http://127.0.0.1:6969/announce --alias https://alias.example.net:8090

Only changed torrents are announced and pushed, and unchanged ones before their time to live ends. A tracker names up to numwant
peers of a swarm. So a peer that left a larger swarm is not removed, but expires.
"""
import argparse
import gzip
import http.client
import json
import os
import secrets
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

NUMWANT = 200
"""opentracker names at most 200."""
OUR_PORT = 1
"""Of our own announces, which trackers list as a peer until it has stopped. No client uses it."""
TORRENTS_PER_PUSH = 500
PEERS_PER_PUSH = 15_000
"""Below the limits of the alias tracker: 1,000 torrents and 20,000 peers."""
MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""A full scrape of 500,000 torrents."""
MAX_WAIT_SECONDS = 300
MAX_RETRY_AFTER_SECONDS = 3600
USUAL_RETRY_AFTER_SECONDS = 30
SKIP_REFUSED_SECONDS = 3600
TIMEOUT_SECONDS = 30


def main():
    options = parse_options()
    feed = Feed(options)
    failures = 0
    while True:
        wait = options.every
        try:
            feed.run()
            failures = 0
        except Wait as told:
            failures += 1
            print(f'push_peers: {told}', file=sys.stderr)
            wait = told.seconds
        except (OSError, ValueError, http.client.HTTPException) as error:
            failures += 1
            wait = min(MAX_WAIT_SECONDS, 2 ** min(failures, 16))
            what = str(error) or type(error).__name__
            print(f'push_peers: {what}; trying again in {wait} s', file=sys.stderr)
        if options.once:
            sys.exit(1 if failures > 0 else 0)
        time.sleep(wait)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--tracker', required=True, help='announce URL of the original tracker (http or https)')
    parser.add_argument('--alias', required=True, help='URL of the control API of the alias tracker')
    parser.add_argument('--every', type=float, default=60, help='seconds between two scrapes (default 60)')
    parser.add_argument('--ttl', type=int, default=1800, help='seconds that peers are valid (default 1800)')
    parser.add_argument('--announces-per-second', type=float, default=20,
                        help='at the original tracker, each followed by stopped (default 20)')
    parser.add_argument('--max-torrents', type=int,
                        help='the most popular ones (default: as many as can be announced in a quarter of --ttl)')
    parser.add_argument('--once', action='store_true', help='push once and end')
    options = parser.parse_args()
    options.token = os.environ.get('ALIAS_TRACKER_TOKEN')
    if not options.token:
        parser.error('set the environment variable ALIAS_TRACKER_TOKEN')
    url = urllib.parse.urlsplit(options.tracker)
    if url.scheme not in ('http', 'https') or '/announce' not in url.path:
        parser.error('--tracker is an announce URL, such as http://127.0.0.1:6969/announce')
    if options.every <= 0 or options.ttl <= 0 or options.announces_per_second <= 0:
        parser.error('--every, --ttl and --announces-per-second are above 0')
    # Each is announced again after half of its time to live. The rest of the time is for slow answers.
    most = max(1, int(options.announces_per_second * options.ttl / 4))
    if options.max_torrents is None:
        options.max_torrents = most
    if not 1 <= options.max_torrents <= most:
        parser.error(f'--max-torrents is from 1 to {most}, because more cannot be announced in a quarter of --ttl;'
                     ' raise --announces-per-second or --ttl')
    return options


class Wait(Exception):
    """The alias tracker says when to come back."""

    def __init__(self, seconds):
        super().__init__(f'the alias tracker asks to wait {seconds} s')
        self.seconds = seconds


class Feed:
    """What was pushed, by info-hash; so that only changes are pushed."""

    def __init__(self, options):
        self.options = options
        self.pushed = {}
        self.skip_until = {}
        self.peer_id = b'-PP0001-' + secrets.token_bytes(12)

    def run(self):
        """One scrape, and what follows from it. Raises OSError, ValueError, HTTPException or Wait; the next run does the rest."""
        now = time.monotonic()
        self.forget_ended(now)
        swarms = self.scrape()
        largest = sorted(swarms.items(), key=lambda each: -sum(each[1]))[:self.options.max_torrents]
        due = [(h, counts) for h, counts in largest if self.is_due(h, counts, now)]
        gone = [h for h in self.pushed if h not in swarms]
        batch = Batch(self)
        for info_hash in gone:
            batch.add(info_hash, None, {'infoHash': info_hash.hex(), 'removed': 'all'})
        for info_hash, counts in due:
            next_at = time.monotonic() + 1 / self.options.announces_per_second
            peers = self.peers_of(info_hash)
            batch.add(info_hash, (counts, peers, now), self.torrent(info_hash, counts, peers))
            time.sleep(max(0, next_at - time.monotonic()))
        batch.push()

    def forget_ended(self, now):
        """Refusals that are over, and torrents whose peers have expired at the alias tracker."""
        self.skip_until = {h: until for h, until in self.skip_until.items() if until > now}
        self.pushed = {h: state for h, state in self.pushed.items() if now - state[2] < self.options.ttl}

    def is_due(self, info_hash, counts, now):
        if info_hash in self.skip_until:
            return False
        if info_hash not in self.pushed:
            return sum(counts) > 0
        known, _, pushed_at = self.pushed[info_hash]
        return known != counts or now - pushed_at > self.options.ttl / 2

    def torrent(self, info_hash, counts, peers):
        complete, incomplete = counts
        known = self.pushed.get(info_hash, ((0, 0), frozenset(), 0))[1]
        # An announce does not say who is a seed, but if nobody downloads, everybody is.
        seed = incomplete == 0
        body = {'infoHash': info_hash.hex(), 'peers': [{'address': a, 'port': p, 'seed': seed} for a, p in sorted(peers)]}
        # The tracker may have named a part of a large swarm only.
        if len(peers) >= complete + incomplete and known - peers:
            body['removed'] = [{'address': a, 'port': p} for a, p in sorted(known - peers)]
        return body

    def scrape(self):
        """(complete, incomplete) by info-hash."""
        url = self.options.tracker
        at = url.rindex('/announce')
        answer = bdecode(fetch(url[:at] + '/scrape' + url[at + len('/announce'):]))
        files = answer.get(b'files') if isinstance(answer, dict) else None
        if not isinstance(files, dict):
            raise ValueError('the tracker gives no full scrape')
        swarms = {}
        for key, counts in files.items():
            info_hash = key if len(key) == 20 else as_bytes(key)
            counts = counts if isinstance(counts, dict) else {}
            pair = (counts.get(b'complete', 0), counts.get(b'incomplete', 0))
            if len(info_hash) == 20 and all(isinstance(count, int) and count >= 0 for count in pair):
                swarms[info_hash] = pair
        return swarms

    def peers_of(self, info_hash):
        """(address, port) of the peers that the tracker names. It forgets us at once."""
        answer = bdecode(self.announce(info_hash, 'started'))
        self.announce(info_hash, 'stopped')
        if not isinstance(answer, dict) or b'failure reason' in answer:
            return frozenset()
        found = set(compact(answer.get(b'peers', b''), socket.AF_INET, 4))
        found |= set(compact(answer.get(b'peers6', b''), socket.AF_INET6, 16))
        return frozenset((address, port) for address, port in found if port not in (0, OUR_PORT))

    def announce(self, info_hash, event):
        separator = '&' if '?' in self.options.tracker else '?'
        query = urllib.parse.urlencode({
            'info_hash': info_hash,
            'peer_id': self.peer_id,
            'port': OUR_PORT,
            'uploaded': 0,
            'downloaded': 0,
            'left': 1,
            'compact': 1,
            'numwant': NUMWANT,
            'event': event,
        }, quote_via=urllib.parse.quote)
        return fetch(f'{self.options.tracker}{separator}{query}')


class Batch:
    """Torrents on their way to the alias tracker."""

    def __init__(self, feed):
        self.feed = feed
        self.waiting = []
        self.peers = 0

    def add(self, info_hash, state, torrent):
        """Pushes those before, if there are too many. `state` is remembered once this one is pushed."""
        removed = torrent.get('removed', [])
        count = len(torrent.get('peers', [])) + (0 if removed == 'all' else len(removed))
        if len(self.waiting) >= TORRENTS_PER_PUSH or self.peers + count > PEERS_PER_PUSH:
            self.push()
        self.waiting.append((info_hash, state, torrent))
        self.peers += count

    def push(self):
        if not self.waiting:
            return
        options = self.feed.options
        body = {'ttlSeconds': options.ttl, 'torrents': [torrent for _, _, torrent in self.waiting]}
        request = urllib.request.Request(
            options.alias.rstrip('/') + '/api/v1/upstream/peers',
            gzip.compress(json.dumps(body).encode()),
            {
                'authorization': f'Bearer {options.token}',
                'content-type': 'application/json',
                'content-encoding': 'gzip',
            },
        )
        try:
            results = results_of(fetch(request), len(self.waiting))
        except urllib.error.HTTPError as error:
            if error.code in (429, 503):
                raise Wait(seconds_of(error.headers.get('retry-after'))) from error
            detail = error.read(2000).decode(errors='replace')
            raise ValueError(f'the alias tracker refuses the push: {error.code} {detail}') from error
        for (info_hash, state, _), result in zip(self.waiting, results):
            self.note(info_hash, state, result.get('problem'))
        self.waiting, self.peers = [], 0

    def note(self, info_hash, state, problem):
        if problem is not None and problem.get('type') != '/problems/unavailable':
            print(f'push_peers: {info_hash.hex()}: {problem.get("detail")}', file=sys.stderr)
            self.feed.skip_until[info_hash] = time.monotonic() + SKIP_REFUSED_SECONDS
        if problem is not None or state is None:
            self.feed.pushed.pop(info_hash, None)
        else:
            self.feed.pushed[info_hash] = state


def fetch(request):
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        body = response.read(MAX_ANSWER_BYTES + 1)
    if len(body) > MAX_ANSWER_BYTES:
        raise ValueError(f'an answer of more than {MAX_ANSWER_BYTES} bytes')
    return body


def results_of(body, count):
    """One for each torrent of a push. Raises ValueError for an answer of another shape."""
    try:
        answer = json.loads(body)
    except RecursionError as error:
        raise ValueError('the answer of the alias tracker nests too deeply') from error
    results = answer.get('torrents') if isinstance(answer, dict) else None
    if not isinstance(results, list) or len(results) != count:
        raise ValueError('the alias tracker gives no result for each torrent')
    for result in results:
        if not isinstance(result, dict) or not isinstance(result.get('problem', {}), dict):
            raise ValueError('a result of the alias tracker is not an object')
    return results


def seconds_of(retry_after):
    """A proxy may state a date, or nothing."""
    if retry_after is None or not retry_after.strip().isdecimal():
        return USUAL_RETRY_AFTER_SECONDS
    return min(MAX_RETRY_AFTER_SECONDS, max(1, int(retry_after)))


def compact(peers, family, size):
    """BEP 23 and BEP 7. Nothing of a list of dictionaries, which nobody was asked for."""
    if not isinstance(peers, bytes):
        return
    step = size + 2
    for at in range(0, len(peers) - step + 1, step):
        yield socket.inet_ntop(family, peers[at:at + size]), int.from_bytes(peers[at + size:at + step], 'big')


def as_bytes(key):
    """bittorrent-tracker writes each byte of an info-hash as a character in UTF-8."""
    try:
        return key.decode().encode('latin-1')
    except UnicodeError:
        return b''


def bdecode(data):
    """BEP 3. Raises ValueError for what is malformed or nests deeply."""
    value, end = bdecode_at(data, 0, 0)
    if end != len(data):
        raise ValueError('bytes after an answer')
    return value


def bdecode_at(data, at, depth):
    if depth > 16:
        raise ValueError('an answer nests too deeply')
    lead = data[at:at + 1]
    if lead == b'i':
        end = data.index(b'e', at)
        return int(data[at + 1:end]), end + 1
    if lead in (b'l', b'd'):
        items, at = [], at + 1
        while data[at:at + 1] != b'e':
            item, at = bdecode_at(data, at, depth + 1)
            items.append(item)
        if lead == b'l':
            return items, at + 1
        if len(items) % 2 != 0 or not all(isinstance(key, bytes) for key in items[::2]):
            raise ValueError('a dictionary has an odd key')
        return dict(zip(items[::2], items[1::2])), at + 1
    colon = data.index(b':', at)
    length = int(data[at:colon])
    if length < 0 or colon + 1 + length > len(data):
        raise ValueError('a string ends past the answer')
    return data[colon + 1:colon + 1 + length], colon + 1 + length


if __name__ == '__main__':
    main()
