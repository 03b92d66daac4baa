#!/bin/sh
# Brings a bare Debian to the point where tailban's own programs run: the npm packages (which bring Node.js 26), and as
# root the Debian packages that are named on the command line. Installs nothing that is there already.
set -eu
cd "$(dirname -- "$0")/.."

wanted=
for pair in "$@"; do
  # COMMAND=PACKAGE, or /PATH=PACKAGE
  command -v "${pair%%=*}" >/dev/null 2>&1 || [ -e "${pair%%=*}" ] || wanted="$wanted ${pair#*=}"
done
if [ -n "$wanted" ]; then
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian packages:$wanted"
    # Nothing that is installed here is to start on this machine, least of all a firewall.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
      trap 'rm -f "$policy"' EXIT
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod 755 "$policy"
    fi
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >/dev/null
  else
    echo "Not installed (root and apt-get are needed):$wanted"
  fi
fi

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "Installing npm packages (they bring Node.js 26; nothing outside this folder changes)"
  npm ci --no-audit --no-fund --loglevel=error
fi
