#!/usr/bin/env bash
# Checks the files that no compiler sees: Dockerfiles, compose files, Prometheus, Alertmanager,
# Grafana, Kafka, scripts.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.tools/venv/bin

shellcheck --severity=warning scripts/*.sh .ci/run deploy/*/*.sh
"$tools/python" -m py_compile scripts/*.py bench/harness/*.py bench/harness/*/*.py

"$tools/hadolint" Dockerfile deploy/*/Dockerfile
"$tools/check-jsonschema" --builtin-schema vendor.compose-spec docker-compose*.yml

"$tools/check-jsonschema" --schemafile .tools/asyncapi-3.0.0.json docs/asyncapi.json

# Says what is wrong; what is right is not worth reading.
quietly() {
    local output
    output=$("$@" 2>&1) || { printf '%s\n' "$output" >&2; return 1; }
}
quietly "$tools/openapi-spec-validator" docs/openapi.yaml
for file in config/prometheus*.yml; do quietly promtool check config "$file"; done
quietly promtool check rules config/alerts.yml
quietly promtool test rules config/*.test.yml
quietly amtool check-config config/alertmanager.yml

# What a compose file mounts or reads has to be there; only secrets are made later.
for file in docker-compose*.yml; do
    sed -n 's#^ *- \./\([^:]*\):.*#\1#p; s#^ *build: \(deploy/.*\)#\1/Dockerfile#p' "$file" |
        while read -r path; do
            [[ -e $path ]] || { echo "$file: there is no $path" >&2; exit 1; }
        done
done
for file in config/split/*.yaml; do
    grep --quiet --fixed-strings "$file" docker-compose.yml ||
        { echo "docker-compose.yml does not run $file" >&2; exit 1; }
done

"$tools/python" scripts/check-metric-names.py
expressions=$(mktemp)
trap 'rm -f "$expressions"' EXIT
"$tools/python" scripts/check-metric-names.py --as-rules > "$expressions"
quietly promtool check rules "$expressions"

quietly "$tools/python" scripts/test-run-split.py
quietly "$tools/python" scripts/test-bench.py

echo "Dockerfiles, compose files, docs/asyncapi.json, docs/openapi.yaml, rules, dashboards and scripts are in order."
