#!/usr/bin/env bash
# Runs a PostgreSQL cluster of its own, never as root, reachable on this machine alone.
#
#   scripts/postgres.sh run DIR [PORT]   until standard input ends; keeps what is in DIR
#   scripts/postgres.sh throwaway        the same in a new directory that is removed afterwards
#
# Prints the URI of its database `flotilla` when it takes connections. PORT 0, the default, takes a
# free one; POSTGRES_OPTIONS are passed on to the server.
set -euo pipefail

command=${1:-}
case $command in
    run) directory=${2:?a directory is needed} port=${3:-0} ;;
    throwaway) directory=$(mktemp -d /tmp/flotilla-postgres.XXXXXX) port=0 ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort --version-sort | tail -1)
[[ -n $bin ]] || bin=$(dirname "$(command -v postgres || true)")
[[ -x $bin/postgres ]] || { echo "PostgreSQL is not installed (postgresql-15)" >&2; exit 1; }

# Nobody else reads what is in a directory that is made on the way.
(umask 077 && mkdir -p "$directory")
directory=$(cd "$directory" && pwd)
as_user=()
if [[ $(id -u) -eq 0 ]]; then
    # The server refuses to run as root; Debian's package brings this user.
    as_user=(setpriv --reuid=postgres --regid=postgres --init-groups)
    chown postgres "$directory"
    parent=$(dirname "$directory")
    if ! "${as_user[@]}" test -x "$directory" && [[ -O $parent ]]; then
        # A way through for the server's user, and for nobody else.
        chgrp postgres "$parent" && chmod g+x "$parent"
    fi
    "${as_user[@]}" test -x "$directory" || {
        echo "The user postgres can't reach $directory: a directory above it is closed" >&2
        exit 1
    }
fi
cd "$directory"

if [[ ! -e $directory/data/PG_VERSION ]]; then
    "${as_user[@]}" "$bin/initdb" --pgdata="$directory/data" --username=flotilla --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$directory/initdb.log" 2>&1 \
        || { cat "$directory/initdb.log" >&2; exit 1; }
fi

# What is thrown away need not outlive the machine.
[[ $command == throwaway ]] && POSTGRES_OPTIONS="-c fsync=off -c full_page_writes=off ${POSTGRES_OPTIONS:-}"

server=
stop() {
    if [[ -n $server ]] && kill -0 "$server" 2>/dev/null; then
        # "Fast": open transactions are rolled back. A server that was paused has to be woken.
        kill -CONT "$server" 2>/dev/null || true
        kill -INT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    [[ $command == throwaway ]] && rm -rf "$directory"
    return 0
}
trap stop EXIT
trap 'exit 143' TERM INT HUP

for _ in 1 2 3 4 5 6 7 8; do
    chosen=$port
    # A port that is free now may be taken the next moment: then another is tried.
    [[ $chosen != 0 ]] || chosen=$((20000 + RANDOM % 12000))
    # shellcheck disable=SC2086
    "${as_user[@]}" "$bin/postgres" -D "$directory/data" -p "$chosen" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories="$directory" \
        ${POSTGRES_OPTIONS:-} >>"$directory/server.log" 2>&1 </dev/null &
    server=$!
    for _ in $(seq 300); do
        kill -0 "$server" 2>/dev/null || { server=; break; }
        if "$bin/pg_isready" --quiet --host=127.0.0.1 --port="$chosen" \
            && grep --quiet "^$server$" "$directory/data/postmaster.pid" 2>/dev/null; then
            break 2
        fi
        sleep 0.05
    done
    [[ $port == 0 ]] || break
done
[[ -n $server ]] || { echo "PostgreSQL did not start:" >&2; tail -5 "$directory/server.log" >&2; exit 1; }

"${as_user[@]}" "$bin/createdb" --host=127.0.0.1 --port="$chosen" --username=flotilla flotilla \
    2>/dev/null || true
echo "postgres://flotilla@127.0.0.1:$chosen/flotilla"
echo "pid $server data $directory/data"
exec >/dev/null
# Whoever started this holds the other end: when that process is gone, the server goes too.
while kill -0 "$server" 2>/dev/null; do
    if read -r -t 1 _; then :; else
        # More than 128 is the time-out.
        [[ $? -gt 128 ]] || break
    fi
done
