#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages it is given, if any is missing.
set -euo pipefail

missing=()
for package in "$@"; do
    # "ii" is installed; a removed package can leave other states behind.
    state=$(dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
    [[ $state == ii* ]] || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "This system has no apt-get. Please install what these packages hold: ${missing[*]}" >&2
    exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || {
        echo "Please install as root: apt-get install ${missing[*]}" >&2
        exit 1
    }
    as_root=(sudo)
    # Nobody is there to type a password.
    [[ -t 0 ]] || as_root+=(--non-interactive)
fi

echo "Installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Some packages bring a service (prometheus does) that is not wanted here: while this file says
# so, none is started (https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt).
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    trap '"${as_root[@]}" rm -f "$policy"; rm -f "$log"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod +x "$policy"
fi

run() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 </dev/null || {
        cat "$log" >&2
        echo "failed: $*" >&2
        exit 1
    }
}
run apt-get update --quiet
run apt-get install --quiet --yes --no-install-recommends "${missing[@]}"
