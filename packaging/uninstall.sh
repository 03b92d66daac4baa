#!/bin/sh
# Removes what install.sh has installed, and all bans from the firewall; with --purge also configuration, bans and user.
set -eu
prefix=${PREFIX:-/usr/local}
if [ "$(id -u)" -ne 0 ]; then
  echo "uninstall.sh: this needs root" >&2
  exit 77
fi
if [ -e /etc/systemd/system/tailban.service ]; then
  if [ -d /run/systemd/system ]; then systemctl stop tailban.service || true; fi
  systemctl disable tailban.service || true
  rm -rf /etc/systemd/system/tailban.service
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
fi
if [ -e /etc/init.d/tailban ]; then
  rc-service tailban stop || true
  rc-update del tailban || true
  rm -f /etc/init.d/tailban
fi
"$prefix/sbin/tailban" flush || true
rm -rf "$prefix/lib/tailban" "$prefix/sbin/tailban"
rm -f "$prefix"/share/man/man[58]/tailban* "$prefix/share/bash-completion/completions/tailban" \
  "$prefix/share/zsh/vendor-completions/_tailban" "$prefix/share/fish/vendor_completions.d/tailban.fish"
rm -rf "$prefix/share/tailban"
if [ "${1:-}" = --purge ]; then
  rm -rf /etc/tailban /var/lib/tailban /var/log/tailban /run/tailban
  userdel tailban 2>/dev/null || true
  groupdel tailban 2>/dev/null || true
fi
echo "tailban is removed"
