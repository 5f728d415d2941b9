-- One order after the other, each with an idempotency key of its own.
dofile(os.getenv("WRK_REPORT"))

local token = os.getenv("WRK_TOKEN")
local body = os.getenv("WRK_BODY")
local run = os.getenv("WRK_RUN")
local path, number = nil, 0

function request()
    path = path or wrk.path
    number = number + 1
    return wrk.format("POST", path, {
        ["Authorization"] = "Bearer " .. token,
        ["Content-Type"] = "application/json",
        ["Idempotency-Key"] = run .. "-" .. number,
        ["Host"] = wrk.headers["Host"],
    }, body)
end
