#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml needs, in ./data, where there are none yet.
set -euo pipefail
cd "$(dirname "$0")/.."

# The directory is closed to others; the files themselves are read by users of the containers.
[[ -d data ]] || mkdir -m 700 data
umask 022
if [[ ! -s data/postgres-password ]]; then
    openssl rand -hex 24 > data/postgres-password
fi
if [[ ! -s data/signing-key.pem ]]; then
    openssl genpkey -algorithm ed25519 -out data/signing-key.pem
    chmod 644 data/signing-key.pem
fi
case $(stat --format=%a data) in
    *00) ;;
    *) echo "Others can enter ./data and read the secrets in it; chmod go-rwx data closes it" >&2 ;;
esac
echo "data/postgres-password and data/signing-key.pem are there."
