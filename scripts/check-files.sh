#!/usr/bin/env bash
# Checks the files that no compiler sees: Dockerfile, compose files, Prometheus, shell scripts.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.tools/venv/bin

for script in scripts/*.sh .ci/run; do
    bash -n "$script"
done

"$tools/hadolint" Dockerfile
"$tools/check-jsonschema" --builtin-schema vendor.compose-spec \
    docker-compose.yml docker-compose.postgres.yml

"$tools/check-jsonschema" --schemafile .tools/asyncapi-3.0.0.json docs/asyncapi.json

promtool check config config/prometheus.yml >/dev/null
shopt -s nullglob
rules=(config/*rules*.yml config/*rules*.yaml config/alerts*.yml config/alerts*.yaml)
if [[ ${#rules[@]} -gt 0 ]]; then
    promtool check rules "${rules[@]}" >/dev/null
fi
echo "Dockerfile, the compose files, docs/asyncapi.json and Prometheus's files are in order."
