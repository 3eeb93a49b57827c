"""The world outside for dht.test.ts: nodes of libtorrent that form a DHT, a seed that only they know, and a client inside.

Prints one line of JSON for each thing that happened. Ends with its standard input.
"""
import json
import sys
import time

import libtorrent as lt

settings = json.load(open(sys.argv[1]))


def session(address, port, **more):
    return lt.session({
        'listen_interfaces': f'{address}:{port}',
        'enable_lsd': False,
        'enable_upnp': False,
        'enable_natpmp': False,
        'dht_bootstrap_nodes': '',
        # All nodes are on one network here.
        'dht_restrict_routing_ips': False,
        'dht_restrict_search_ips': False,
        'dht_max_peers_reply': 100,
        'alert_mask': lt.alert.category_t.dht_operation_notification,
        **more,
    })


def say(**what):
    print(json.dumps(what), flush=True)


nodes = [session(address, settings['port'], enable_dht=True) for address in settings['nodes']]
info = lt.torrent_info(settings['torrent'])
seed = session(settings['seed'], settings['port'], enable_dht=True)
have = lt.add_torrent_params()
have.ti, have.save_path, have.flags = info, settings['seedDirectory'], lt.torrent_flags.seed_mode
seeding = seed.add_torrent(have)
# A node changes its id when the first others tell it its address (BEP 42), so they meet until all know some.
everybody = [*nodes, seed]
while min(one.status().dht_nodes for one in everybody) < 3:
    for one in everybody:
        for address in settings['nodes']:
            one.add_dht_node((address, settings['port']))
    time.sleep(0.3)

def peers_in_the_dht(asker=nodes[-1]):
    """Who announced the torrent, as a node finds it."""
    found = set()
    asker.pop_alerts()
    asker.dht_get_peers(info.info_hash())
    for _ in range(10):
        for alert in asker.pop_alerts():
            if isinstance(alert, lt.dht_get_peers_reply_alert):
                found.update(address for address, _ in alert.peers())
        if found:
            break
        time.sleep(0.1)
    return sorted(found)


while not all(peers_in_the_dht(asker) for asker in nodes):
    seeding.force_dht_announce()
say(ready=True)

for line in sys.stdin:
    leecher = session(settings['leecher'], settings['port'], enable_dht=False)
    want = lt.add_torrent_params()
    want.ti, want.save_path, want.trackers = info, settings['leecherDirectory'], [settings['tracker']]
    downloading = leecher.add_torrent(want)
    while not downloading.status().is_seeding:
        # A client announces again by itself after the interval of the tracker.
        time.sleep(1.5)
        downloading.force_reannounce(0, -1, lt.reannounce_flags_t.ignore_min_interval)
    say(complete=True, announced=peers_in_the_dht())
