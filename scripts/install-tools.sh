#!/usr/bin/env bash
# Installs the Python tools of scripts/requirements.txt into .tools/venv, if they changed.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=scripts/requirements.txt
installed=.tools/venv/requirements.txt
cmp --silent "$wanted" "$installed" && exit 0

echo "Installing $(grep --invert-match '^#' "$wanted" | paste --serial --delimiters ' ') in .tools"
rm -rf .tools/venv
python3 -m venv .tools/venv
.tools/venv/bin/pip install --quiet --disable-pip-version-check --requirement "$wanted"
cp "$wanted" "$installed"
