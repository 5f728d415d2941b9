#!/usr/bin/env bash
# Runs a program beside a PostgreSQL cluster of its own, and stops the cluster after it:
#
#   scripts/with-postgres.sh DIR PROGRAM [ARGUMENT…]
#
# DIR keeps the cluster's data. The program finds the database's URI in FLOTILLA_STORAGE_URL.
set -euo pipefail

directory=${1:?a directory is needed}
shift

# Each in a process group of its own: Ctrl-C reaches this script alone, which ends the program first
# and the cluster when nobody needs it any more.
set -m

coproc CLUSTER { exec "$(dirname "$0")/postgres.sh" run "$directory"; }
# Kept aside: they are gone from the shell's variables when the cluster ends.
cluster=$CLUSTER_PID answer=${CLUSTER[0]} leash=${CLUSTER[1]}
program=

# The cluster goes when the other end of its input is closed.
stop_cluster() {
    exec {leash}>&-
    wait "$cluster" 2>/dev/null || true
}
trap stop_cluster EXIT
pass_on() { if [[ -n $program ]]; then kill -TERM "$program" 2>/dev/null || true; else exit 130; fi; }
trap pass_on INT TERM HUP

read -r FLOTILLA_STORAGE_URL <&"$answer" || exit 1
export FLOTILLA_STORAGE_URL
echo "PostgreSQL runs at $FLOTILLA_STORAGE_URL" >&2

"$@" {leash}>&- &
program=$!
status=0
wait "$program" || status=$?
# A signal that was passed on ends the waiting, not yet the program.
while kill -0 "$program" 2>/dev/null; do
    status=0
    wait "$program" || status=$?
done
exit "$status"
