#!/usr/bin/env bash
# Runs a command that runs tests; when some fail, repeats what it said of them at the end, where
# thousands of lines would have buried it.
set -euo pipefail

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
"$@" 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
if [[ $status -ne 0 ]]; then
    echo
    echo "What failed:"
    grep --text --extended-regexp 'recorded an issue|Fatal error|^error:|✘ Test run' "$log" |
        cut --characters=1-600 | tail --lines=40 || true
fi
exit "$status"
