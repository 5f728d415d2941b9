#!/usr/bin/env bash
# Walks through a registration and an order on a system of its own, and shows what the bus did.
# Usage: scripts/demo.sh PATH-OF-FLOTILLA
set -euo pipefail

flotilla=$(realpath "$1")
home=$(mktemp -d)
export FLOTILLA_STORAGE_URL="sqlite:$home/data" FLOTILLA_MAIL_URL="file:$home/mail"
export FLOTILLA_LOG_FORMAT=json

server=
finish() {
    status=$?
    if [[ -n $server ]]; then kill -TERM "$server" 2>/dev/null && wait "$server" || true; fi
    if [[ $status -ne 0 ]]; then
        echo "The demo failed. The server's log ends with:" >&2
        tail -n 5 "$home/log" >&2 || true
    fi
    rm -rf "$home"
}
trap finish EXIT

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Calls the API: api METHOD PATH [TOKEN] [BODY]
api() {
    local method=$1 path=$2 token=${3:-} body=${4:-}
    curl --silent --show-error --fail-with-body --request "$method" "$url$path" \
        ${token:+--header "Authorization: Bearer $token"} \
        ${body:+--header 'Content-Type: application/json' --data "$body"}
}

# Runs a command until its output is not empty; the bus needs milliseconds.
await() {
    local output
    for _ in $(seq 100); do
        output=$("$@") && [[ -n $output ]] && { printf '%s\n' "$output"; return; }
        sleep 0.05
    done
    echo "nothing came of: $*" >&2
    return 1
}

log_in() {
    api POST /api/v1/sessions "" "{\"email\": \"$1\", \"password\": \"$password\"}" |
        jq --raw-output .accessToken
}

step "Serving on a free port, with throw-away databases"
"$flotilla" serve --port 0 >"$home/log" 2>&1 &
server=$!
listening() { jq --raw-output 'select(.message == "listening")."server.url"' "$home/log"; }
url=$(await listening)
echo "$url"

step "Registering Ada"
password=$(head -c 18 /dev/urandom | base64)
email=ada@example.com
user=$(api POST /api/v1/users "" \
    "{\"email\": \"$email\", \"password\": \"$password\", \"firstName\": \"Ada\", \"lastName\": \"Lovelace\"}")
jq . <<<"$user"
user_id=$(jq --raw-output .id <<<"$user")
token=$(log_in "$email")

step "Her welcome mail"
mail_file() { find "$home/mail" -name '*.eml' 2>/dev/null | head -n 1; }
sed 's/^/    /' "$(await mail_file)"
notice() { api GET /api/v1/notifications "$token" | jq --compact-output '.items[0] // empty'; }
await notice | jq .

step "Her welcome order, paid or refused by the simulated provider"
settled() {
    api GET /api/v1/orders "$token" |
        jq --compact-output '.items[] | select(.status != "pending")'
}
await settled | jq .

step "Finding her in search, as an administrator"
FLOTILLA_ADMIN_PASSWORD=$password "$flotilla" admin create-user --email admin@example.com
admin=$(log_in admin@example.com)
hit() { api GET '/api/v1/search/users?q=love' "$admin" | jq --compact-output '.items[0] // empty'; }
await hit | jq .

step "Ordering two of a product"
order=$(api POST /api/v1/orders "$token" \
    '{"items": [{"productId": "01970000-0000-7000-8000-000000000002", "quantity": 2}]}')
order_id=$(jq --raw-output .id <<<"$order")
paid() {
    api GET "/api/v1/orders/$order_id" "$token" |
        jq --compact-output 'select(.status != "pending")'
}
await paid | jq .

step "What the audit trail says of her"
trail() { api GET "/api/v1/audit/events?subjectId=$user_id" "$admin"; }
trail | jq --raw-output '.items[] | "    \(.occurredAt)  \(.type)"'

step "The life of her registration: event, consumer, event"
registration=$(trail | jq --raw-output '.items[] | select(.type == "UserRegisteredEventV1").id')
"$flotilla" events show "$registration"

step "Checking the metrics"
api GET /metrics >"$home/metrics"
if command -v promtool >/dev/null; then
    promtool check metrics <"$home/metrics"
    echo "promtool accepts them"
fi
grep '^flotilla_inbox_handled_total' "$home/metrics" | sed 's/^/    /'

# Nothing personal and no secret may be in the log or the metrics.
for secret in "$password" "$token" "$admin" "$email"; do
    if grep --quiet --fixed-strings -- "$secret" "$home/log" "$home/metrics"; then
        echo "a secret or an address is in the log or the metrics" >&2
        exit 1
    fi
done

step "Stopping"
kill -TERM "$server"
wait "$server"
server=
echo "the server finished its work and exited with 0"
