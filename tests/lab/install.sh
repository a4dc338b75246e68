#!/bin/sh
# Install the Debian packages of packages.txt that are missing; say nothing where none is.
#
# As root with apt they are installed, without their services: knot and nginx must not listen on this machine.
# Otherwise, and where apt fails, a line tells what is missing; it is the tests that are then skipped, or fail where CI=true.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
missing=
for package in $(sed 's/#.*//' "$here/packages.txt"); do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "lab: these Debian packages are missing, and only root with apt-get can install them:$missing" >&2
    exit 0
fi

# Debian policy 9.3.3: invoke-rc.d asks this file; 101 is "action forbidden by policy".
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
install_missing() {
    # shellcheck disable=SC2086  # a list of words is meant
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 $missing >&2
}
echo "lab: installing$missing" >&2
# Lists that are missing or out of date are the common reason for a failure, and then only are they fetched.
install_missing || { apt-get update -qq >&2 && install_missing; } || echo "lab: apt failed; missing:$missing" >&2
