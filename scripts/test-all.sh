#!/bin/sh
# Everything that can be checked: types, lint, dead code, and all tests, also those that need root: real firewalls and
# packets in network namespaces of their own, crashes, real mail servers (whose Debian packages the tests install).
set -eu
cd "$(dirname -- "$0")/.."
if [ "$(id -u)" -ne 0 ]; then
  echo "The whole suite needs root, for network namespaces and firewalls; npm run check runs what does not." >&2
  exit 77
fi
sh scripts/setup.sh nft=nftables ip=iproute2
PATH=$PWD/node_modules/.bin:$PATH
export PATH
tsc
biome check --error-on-warnings .
knip
# Last, so that its summary ends the output. Two cores are kept busy; system tests measure nothing.
exec node --test --test-concurrency=2 --test-timeout=600000 "test/**/*.test.ts" "test/**/*.system.ts"
