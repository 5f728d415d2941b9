-- Log-ins of many people in turn. Those that are told to come again (429, 503) are answers.
dofile(os.getenv("WRK_REPORT"))

local count = tonumber(os.getenv("WRK_PEOPLE"))
local password = os.getenv("WRK_PASSWORD")
local number = 0
unexpected = 0

function response(status)
    if status ~= 201 and status ~= 429 and status ~= 503 then unexpected = unexpected + 1 end
end

function request()
    number = (number + 1) % count
    local body = string.format(
        '{"email":"person%d@example.com","password":"%s"}', number, password)
    return wrk.format("POST", wrk.path, {
        ["Content-Type"] = "application/json", ["Host"] = wrk.headers["Host"],
    }, body)
end
