#!/bin/sh
# The life of the Debian package on a machine with systemd: writes one fact a line to /results/facts, NAME<TAB>VALUE.
# /results has 1.deb and 2.deb, an older and a newer version.
unit=alias-tracker.service

fact() {
  name=$1
  shift
  printf '%s\t%s\n' "$name" "$("$@" 2>&1 | tr '\n' ';')" >>/results/facts
}
status() {
  "$@" >>/results/check.log 2>&1
  echo $?
}
property() { systemctl show "$unit" -p "$1" --value; }
# Until a command succeeds, for a minute and a half at most.
await() {
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -gt 900 ] && return 1
    sleep 0.1
  done
}
modes() { stat -c '%n %A %U:%G' /etc/alias-tracker /etc/alias-tracker/alias-tracker.yaml /etc/alias-tracker/credentials /var/lib/alias-tracker; }
left() { ls -d /etc/alias-tracker /var/lib/alias-tracker /usr/lib/alias-tracker /usr/bin/alias-tracker 2>/dev/null; }
capabilities() { grep -E '^(Uid|CapEff|CapBnd|Seccomp):' "/proc/$(property MainPID)/status" | tr '\t' ' '; }
was_restarted() { [ "$(property NRestarts)" -ge 1 ] && [ "$(property ActiveState)" = active ]; }

# Debian updates its index of manual pages after each step, which takes most of the time.
rm -f /var/lib/man-db/auto-update
fact installed status dpkg -i /results/1.deb
fact "enabled after installation" systemctl is-enabled "$unit"
fact "active after installation" systemctl is-active "$unit"
fact modes modes
fact "the configuration is right" status alias-tracker check-config /etc/alias-tracker/alias-tracker.yaml
fact "manual page" man -w alias-tracker
fact completion sh -c 'bash -c "source /usr/share/bash-completion/completions/alias-tracker && complete -p alias-tracker"'

printf 'a-token-of-this-test\n' >/etc/alias-tracker/credentials/CONTROL_TOKEN
cat >/etc/alias-tracker/alias-tracker.yaml <<'YAML'
operator: { name: Example, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }
tracker: { listen: ["udp://0.0.0.0:6969", "http://0.0.0.0:6969"] }
mirrorSite: { listen: "http://0.0.0.0:80" }
dnsRedirect:
  listen: ["127.0.0.1:53"]
  upstreamResolvers: ["127.0.0.1:5399"]
control: { listen: "http://127.0.0.1:8090", token: "${CONTROL_TOKEN}" }
storage: { directory: /var/lib/alias-tracker }
YAML
fact started status systemctl enable --now "$unit"
[ "$(property ActiveState)" = active ] || { journalctl -u "$unit" --no-pager | tail -20; exit 1; }
fact state systemctl show "$unit" -p ActiveState -p Type -p StatusText
fact capabilities capabilities
fact "web site on port 80" curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/
fact "API without the token" curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8090/api/v1/swarms
fact "API with the token" curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer a-token-of-this-test' http://127.0.0.1:8090/api/v1/swarms
fact health alias-tracker health --url http://127.0.0.1:8090 --live
fact reloaded status systemctl reload "$unit"
fact "reload in the journal" status await sh -c "journalctl -u $unit | grep -q 'configuration reloaded'"
fact "active after the reload" systemctl is-active "$unit"

before=$(property MainPID)
fact upgraded status dpkg -i /results/2.deb
await systemctl -q is-active "$unit"
fact "another process after the upgrade" status test "$(property MainPID)" != "$before"
fact "state after the upgrade" property ActiveState
fact version dpkg-query -W -f '${Version}' alias-tracker

# The watchdog: a process that is alive and does nothing.
mkdir -p "/run/systemd/system/$unit.d"
printf '[Service]\nWatchdogSec=5\nTimeoutAbortSec=2\n' >"/run/systemd/system/$unit.d/watchdog.conf"
systemctl daemon-reload
systemctl restart "$unit"
kill -STOP "$(property MainPID)"
fact "restarted by the watchdog" status await was_restarted
rm -r "/run/systemd/system/$unit.d"
systemctl daemon-reload

fact removed status dpkg -r alias-tracker
fact "active after the removal" systemctl is-active "$unit"
fact "left after the removal" left
fact "installed again" status dpkg -i /results/2.deb
fact "enabled after the second installation" systemctl is-enabled "$unit"
fact "configuration after the second installation" grep -c a-token-of-this-test /etc/alias-tracker/credentials/CONTROL_TOKEN
fact purged status dpkg -P alias-tracker
fact "left after the purge" left
fact "unit after the purge" sh -c "systemctl cat $unit >/dev/null 2>&1 || echo gone"
fact "links after the purge" find /etc/systemd/system /var/lib/systemd/deb-systemd-helper-enabled -name 'alias-tracker*'
journalctl -u "$unit" --no-pager >/results/journal
