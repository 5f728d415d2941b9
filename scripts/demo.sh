#!/usr/bin/env bash
# Walks through a registration, an order, a booking with its refund and the life of an account on a
# system of its own, and shows what the bus did.
# Usage: scripts/demo.sh PATH-OF-FLOTILLA
set -euo pipefail

flotilla=$(realpath "$1")
home=$(mktemp -d)
export FLOTILLA_STORAGE_URL="sqlite:$home/data" FLOTILLA_MAIL_URL="file:$home/mail"
export FLOTILLA_LOG_FORMAT=json
# The simulated provider declines one payment in ten; here each is to go well.
export FLOTILLA_PAYMENT_SIMULATED_SUCCESS_PERCENTAGE=100

server=
finish() {
    status=$?
    if [[ -n $server ]] && kill -TERM "$server" 2>/dev/null; then wait "$server" || true; fi
    if [[ $status -ne 0 ]]; then
        echo "The demo failed. The server's log ends with:" >&2
        tail -n 5 "$home/log" >&2 || true
    fi
    rm -rf "$home"
}
trap finish EXIT

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Calls the API: api METHOD PATH [TOKEN] [BODY] [HEADER]
api() {
    local method=$1 path=$2 token=${3:-} body=${4:-} header=${5:-}
    curl --silent --show-error --fail-with-body --request "$method" "$url$path" \
        ${token:+--header "Authorization: Bearer $token"} ${header:+--header "$header"} \
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
    api POST /api/v1/sessions "" "{\"email\": \"$1\", \"password\": \"${2:-$password}\"}" |
        jq --raw-output .accessToken
}

# The token of the newest mail that leads to a page; mails are quoted-printable (RFC 2045, 6.7).
mailed_token() {
    local mail
    mail=$(grep --files-with-matches --no-messages "account/$1" "$home"/mail/*.eml |
        xargs --no-run-if-empty ls -t | head -n 1)
    [[ -z $mail ]] || tr -d '\r' <"$mail" | sed -e ':a;/=$/{N;s/=\n//;ba}' -e 's/=3D/=/g' |
        grep --only-matching "account/$1#token=[A-Za-z0-9_-]*" | cut -d= -f2
}

# The code of an authenticator with this secret, so many steps from now (RFC 6238).
totp() {
    local key counter mac offset
    key=$(base32 --decode <<<"$1" | od -An -v -tx1 | tr -d ' \n')
    counter=$(printf '%016x' $(($(date +%s) / 30 + $2)) | sed 's/../\\x&/g')
    # shellcheck disable=SC2059  # the format is the bytes themselves
    mac=$(printf "$counter" | openssl dgst -sha1 -mac HMAC -macopt "hexkey:$key" -binary |
        od -An -v -tx1 | tr -d ' \n')
    offset=$((16#${mac:39:1} * 2))
    printf '%06d' $(((16#${mac:offset:8} & 0x7fffffff) % 1000000))
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

step "Her welcome order: held, charged and confirmed"
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

step "An administrator puts a boat trip into the catalogue"
departure=$(date --utc --date='+10 days' +%Y-%m-%dT08:00:00Z)
trip=$(api POST /api/v1/products "$admin" "{
    \"name\": \"Whales of the Westfjords\", \"kind\": \"activity\",
    \"variants\": [{\"sku\": \"WHALES-1\", \"name\": \"Morning boat\", \"onHand\": 12,
        \"startsAt\": \"$departure\", \"price\": {\"amount\": 8900, \"currency\": \"EUR\"}}]}")
seat=$(jq --raw-output '.variants[0].id' <<<"$trip")
jq '{name, kind, variants: [.variants[] | {sku, startsAt, price, available}]}' <<<"$trip"

step "She asks for a price that holds, and books three seats at it"
quote=$(api POST /api/v1/quotes "$token" \
    "{\"items\": [{\"productId\": \"$seat\", \"quantity\": 3}]}")
jq '{total, expiresAt}' <<<"$quote"
booking=$(api POST /api/v1/orders "$token" "{\"quoteId\": $(jq .id <<<"$quote")}" \
    "Idempotency-Key: boat-trip" | jq --raw-output .id)
booked() {
    api GET "/api/v1/orders/$booking" "$token" |
        jq --compact-output "select(.$1 == \"$2\")"
}
await booked state confirmed | jq '{number, state, paymentStatus, total}'
timeline() { api GET "/api/v1/orders/$booking/timeline" "$token"; }
timeline | jq --raw-output '.items[] | "    \(.at)  \(.occurrence) → \(.toState)"'

step "She cancels: ten days before the trip half of the price is kept"
api GET "/api/v1/orders/$booking/cancellation" "$token" | jq '{fee, refund}'
version=$(curl --silent --head --header "Authorization: Bearer $token" \
    "$url/api/v1/orders/$booking" | tr -d '\r' | sed --quiet 's/^etag: //Ip')
api POST "/api/v1/orders/$booking/cancellation" "$token" '{"reason": "The weather"}' \
    "If-Match: $version" | jq '{state, paymentStatus}'
await booked paymentStatus partially_refunded | jq '{state, paymentStatus, status}'
seats() { api GET "/api/v1/products/$(jq --raw-output .id <<<"$trip")" | jq '.variants[0].available | select(. == 12)'; }
echo "seats that can be had again: $(await seats)"

step "The money and the orders agree"
"$flotilla" reconcile

step "What the audit trail says of her"
trail() { api GET "/api/v1/audit/events?subjectId=$user_id" "$admin"; }
trail | jq --raw-output '.items[] | "    \(.occurredAt)  \(.type)"'

step "The life of her registration: event, consumer, event"
registration=$(trail | jq --raw-output '.items[] | select(.type == "UserRegisteredEventV1").id')
"$flotilla" events show "$registration"

step "Grace registers and confirms her address"
grace=grace@example.com
grace_id=$(api POST /api/v1/users "" \
    "{\"email\": \"$grace\", \"password\": \"$password\", \"firstName\": \"Grace\", \"lastName\": \"Hopper\"}" |
    jq --raw-output .id)
token_in_mail=$(await mailed_token verify-email)
api POST /api/v1/email-verifications/confirm "" "{\"token\": \"$token_in_mail\"}"
token=$(log_in "$grace")
api GET /api/v1/users/me "$token" | jq '{email, status}'

step "She turns a second factor on"
secret=$(api POST /api/v1/users/me/mfa/totp "$token" | jq --raw-output .secret)
factor=$(api POST /api/v1/users/me/mfa/totp/confirm "$token" \
    "{\"code\": \"$(totp "$secret" 0)\"}")
jq '{recoveryCodes: (.recoveryCodes | length)}' <<<"$factor"

step "Her password alone opens nothing any more; with the code it does"
api POST /api/v1/sessions "" "{\"email\": \"$grace\", \"password\": \"$password\"}" 2>&1 |
    jq --raw-input 'fromjson? | {status, code}' || true
# The code that turned the factor on is spent, so this is the next one.
token=$(api POST /api/v1/sessions "" \
    "{\"email\": \"$grace\", \"password\": \"$password\", \"totp\": \"$(totp "$secret" 1)\"}" |
    jq --raw-output .accessToken)
api GET /api/v1/sessions "$token" | jq '.items | length'

step "She changes her password, forgets it, and sets another by mail"
changed=$(head -c 18 /dev/urandom | base64)
api POST /api/v1/users/me/password "$token" \
    "{\"currentPassword\": \"$password\", \"newPassword\": \"$changed\"}"
api POST /api/v1/password-resets "" "{\"email\": \"$grace\"}"
token_in_mail=$(await mailed_token reset-password)
changed=$(head -c 18 /dev/urandom | base64)
api POST /api/v1/password-resets/confirm "" \
    "{\"token\": \"$token_in_mail\", \"newPassword\": \"$changed\"}"
ended() { api GET /api/v1/users/me "$token" 2>/dev/null | jq --raw-output 'select(.code) | .code' || true; }
echo "her old session: $(await ended)"

step "An administrator suspends her, and takes her up again"
api PUT "/api/v1/users/$grace_id/status" "$admin" \
    '{"status": "suspended", "reason": "a look at her account"}' | jq '{status}'
api PUT "/api/v1/users/$grace_id/status" "$admin" \
    '{"status": "active", "reason": "all is well"}' | jq '{status}'

step "What she was told"
welcomed_back() { grep --files-with-matches 'is open again' "$home"/mail/*.eml || true; }
await welcomed_back >/dev/null
for mail in $(grep --files-with-matches "^To: .*$grace" "$home"/mail/*.eml | xargs ls -tr); do
    sed --quiet 's/^Subject: /    /p' "$mail"
done

step "She deletes her account"
# No code of her telephone is new at the moment, so she takes one of those on paper.
recovery_code=$(jq --raw-output '.recoveryCodes[0]' <<<"$factor")
token=$(api POST /api/v1/sessions "" \
    "{\"email\": \"$grace\", \"password\": \"$changed\", \"recoveryCode\": \"$recovery_code\"}" |
    jq --raw-output .accessToken)
api DELETE /api/v1/users/me "$token"
forgotten() { api GET '/api/v1/search/users?q=hopper' "$admin" | jq 'select(.items == []) | "nobody is found"'; }
await forgotten
api GET "/api/v1/audit/events?subjectId=$grace_id&limit=100" "$admin" |
    jq --raw-output '.items | reverse[] | "    \(.type)"'

step "Checking the metrics"
api GET /metrics >"$home/metrics"
if command -v promtool >/dev/null; then
    promtool check metrics <"$home/metrics"
    echo "promtool accepts them"
fi
grep '^flotilla_inbox_handled_total' "$home/metrics" | sed 's/^/    /'

# Nothing personal and no secret may be in the log or the metrics.
for private in "$password" "$changed" "$token" "$admin" "$email" "$grace" "$secret" \
    "$token_in_mail" "$recovery_code"; do
    if grep --quiet --fixed-strings -- "$private" "$home/log" "$home/metrics"; then
        echo "a secret or an address is in the log or the metrics" >&2
        exit 1
    fi
done

step "Stopping"
kill -TERM "$server"
wait "$server"
server=
echo "the server finished its work and exited with 0"
