#!/bin/sh
# The demonstration: attackers and honest clients write a mail log, tailban bans, real packets prove it. Installs what it
# needs; `npm run demo -- --quick` leaves out the pauses.
set -eu
cd "$(dirname -- "$0")/.."
PATH="$PATH:/usr/sbin:/sbin"
export PATH

# Without the Debian packages the demonstration runs with the firewall that only records; without npm's it cannot.
if ! sh scripts/setup.sh nft=nftables ip=iproute2; then
  echo "Setting up has failed; trying again without the Debian packages"
  sh scripts/setup.sh
fi
exec node_modules/.bin/node --disable-warning=ExperimentalWarning scripts/demo/main.ts "$@" </dev/null
