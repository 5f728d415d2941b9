#!/usr/bin/env bash
# Prints a directory with a recent librdkafka.so.1, for LD_LIBRARY_PATH. Debian's (2.0.2) can't read
# what Tansu answers to ApiVersions; the one that confluent-kafka brings along can.
set -euo pipefail
cd "$(dirname "$0")/.."

library=$(find .tools/venv/lib -path '*/confluent_kafka.libs/librdkafka-*.so.1' 2>/dev/null |
    head -n 1)
[[ -n $library ]] || { echo "librdkafka is missing: run scripts/install-tools.sh" >&2; exit 1; }
mkdir -p .tools/librdkafka
ln -sfn "../../$library" .tools/librdkafka/librdkafka.so.1
echo "$PWD/.tools/librdkafka"
