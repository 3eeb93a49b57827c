#!/bin/sh
# Boots this machine's own Debian with systemd in namespaces, on a copy-on-write root, and runs one script there as a service.
# Run it as: unshare --mount --pid --fork --kill-child --cgroup --net --uts sh boot-systemd.sh DIRECTORY
# DIRECTORY/check.sh is the script; the directory is /results inside. Nothing outside of it changes.
set -e
results=$1
work=$(mktemp -d)
# In memory, so that it is gone with the namespace.
mount -t tmpfs tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$work/root"
root=$work/root
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mkdir "$root/results"
mount --bind "$results" "$root/results"

# Only the journal and the script: the services of the machine stay out. Packages may start services here.
rm -rf "$root"/etc/systemd/system/*.wants "$root/etc/systemd/system/default.target" "$root/usr/sbin/policy-rc.d"
cat >"$root/etc/systemd/system/default.target" <<'UNIT'
[Unit]
Description=The check
Wants=systemd-journald.service check.service
UNIT
cat >"$root/etc/systemd/system/check.service" <<'UNIT'
[Unit]
Description=The check
[Service]
Type=oneshot
Environment=HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
ExecStart=/bin/sh -c 'sh /results/check.sh >/results/check.log 2>&1; echo $? >/results/done'
ExecStopPost=/bin/systemctl poweroff --force --force
UNIT
ip link set lo up
mkdir "$root/old"
cd "$root"
pivot_root . old
umount -l old
# systemd hands credentials to a service by a mount in another namespace, which must propagate.
mount --make-rshared /
exec env -i container=namespaces PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --log-target=console --log-level=warning
