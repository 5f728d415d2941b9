-- One order after the other, each with an idempotency key of its own, of one customer after the
-- other: WRK_TOKENS has theirs.
dofile(os.getenv("WRK_REPORT"))

local tokens = {}
for token in string.gmatch(os.getenv("WRK_TOKENS"), "%S+") do tokens[#tokens + 1] = token end
local body = os.getenv("WRK_BODY")
local run = os.getenv("WRK_RUN")
local path, number = nil, 0

function request()
    path = path or wrk.path
    number = number + 1
    return wrk.format("POST", path, {
        ["Authorization"] = "Bearer " .. tokens[number % #tokens + 1],
        ["Content-Type"] = "application/json",
        ["Idempotency-Key"] = run .. "-" .. number,
        ["Host"] = wrk.headers["Host"],
    }, body)
end
