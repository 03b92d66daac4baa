#!/bin/sh
# Installs tailban from the unpacked tarball, or brings an installed one to this version; asks nothing. As root:
#
#     ./install.sh                    # into /usr/local
#     PREFIX=/opt/tailban ./install.sh
set -eu
cd "$(dirname -- "$0")"
prefix=${PREFIX:-/usr/local}
library=$prefix/lib/tailban
if [ "$(id -u)" -ne 0 ]; then
  echo "install.sh: this needs root" >&2
  exit 77
fi
if ! lib/node_modules/*/bin/node --version >/dev/null; then
  echo "install.sh: the runtime does not run here; it is for $(basename "$PWD" | sed 's/.*-//') with glibc 2.28 or newer" >&2
  exit 69
fi
command -v nft >/dev/null || echo "install.sh: nftables is not installed; without it nothing is blocked" >&2

getent group tailban >/dev/null || groupadd --system tailban
getent passwd tailban >/dev/null || useradd --system --gid tailban --no-create-home --home-dir /var/lib/tailban \
  --shell "$(command -v nologin || echo /bin/false)" --comment "tailban daemon" tailban
# What reading takes: adm has the log files of Debian and others, systemd-journal the journal.
for group in adm systemd-journal; do
  if getent group "$group" >/dev/null; then usermod -a -G "$group" tailban; fi
done

# Renamed into its place, so that there is never half a program.
rm -rf "$library.new" "$library.old"
mkdir -p "$prefix/lib" "$prefix/sbin" "$prefix/share"
cp -R lib "$library.new"
chown -R 0:0 "$library.new"
if [ -e "$library" ]; then mv "$library" "$library.old"; fi
mv "$library.new" "$library"
ln -sf ../lib/tailban/bin/tailban "$prefix/sbin/tailban"
if [ -d share ]; then cp -R share/. "$prefix/share/"; fi

if [ ! -d /etc/tailban ]; then
  install -d -g tailban -m 0750 /etc/tailban
fi
mkdir -p /etc/tailban/filters /etc/tailban/tailban.d
# A configuration that nobody has changed gives way to the new version's.
if [ ! -e /etc/tailban/tailban.toml ] || cmp -s "$library.old/tailban.toml" /etc/tailban/tailban.toml; then
  install -m 0640 -g tailban "$library/tailban.toml" /etc/tailban/tailban.toml
fi
rm -rf "$library.old"

if command -v systemctl >/dev/null && [ -d /etc/systemd/system ]; then
  sed "s|/usr/sbin/tailban|$prefix/sbin/tailban|; s|/usr/share/doc/tailban|$prefix/lib/tailban/doc|" \
    systemd/tailban.service >/etc/systemd/system/tailban.service
  systemctl enable tailban.service
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl restart tailban.service
  fi
elif [ -d /etc/init.d ] && command -v rc-update >/dev/null; then
  sed "s|/usr/sbin/tailban|$prefix/sbin/tailban|" openrc/tailban >/etc/init.d/tailban
  chmod 0755 /etc/init.d/tailban
  rc-update add tailban default
  rc-service tailban restart
else
  echo "Found neither systemd nor OpenRC; start it with: $prefix/sbin/tailban run"
fi
echo "tailban is installed; $prefix/sbin/tailban status tells how it is"
