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
for key in encryption-key sealing-key; do
    if [[ ! -s data/$key ]]; then
        openssl rand -base64 32 > "data/$key"
        chmod 644 "data/$key"
    fi
done
case $(stat --format=%a data) in
    *00) ;;
    *) echo "Others can enter ./data and read the secrets in it; chmod go-rwx data closes it" >&2 ;;
esac
echo "data/postgres-password, signing-key.pem, encryption-key and sealing-key are there."
