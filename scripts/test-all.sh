#!/bin/sh
# Everything that can be checked: types, lint, dead code, and all tests, also those that need root: real firewalls and
# packets in network namespaces of their own, crashes, real mail servers (whose Debian packages the tests install).
set -eu
cd "$(dirname -- "$0")/.."
if [ "$(id -u)" -ne 0 ]; then
  echo "The whole suite needs root, for network namespaces and firewalls; npm run check runs what does not." >&2
  exit 77
fi
had_firewalld=$(command -v firewalld || true)
sh scripts/setup.sh nft=nftables ip=iproute2 mkfs.ext4=e2fsprogs zsh=zsh fish=fish mandoc=mandoc \
  iptables=iptables ipset=ipset ufw=ufw firewalld=firewalld dbus-daemon=dbus-daemon \
  debootstrap=debootstrap systemd-nspawn=systemd-container \
  nginx=nginx haproxy=haproxy caddy=caddy curl=curl postfix=postfix xz=xz-utils bzip2=bzip2 sysctl=procps openssl=openssl \
  /usr/lib/dovecot/imap=dovecot-imapd /usr/lib/dovecot/pop3=dovecot-pop3d
# The tests start it on a message bus of their own; its package would also start it with the next boot.
[ -n "$had_firewalld" ] || DPKG_MAINTSCRIPT_PACKAGE=firewalld deb-systemd-helper disable firewalld.service
PATH=$PWD/node_modules/.bin:$PATH
export PATH
tsc
biome check --error-on-warnings .
knip
# Last, so that its summary ends the output. Two cores are kept busy; system tests measure nothing.
exec node --test --test-concurrency=2 --test-timeout=600000 "test/**/*.test.ts" "test/**/*.system.ts"
