-- Log-ins of many people in turn. Those that are refused because too many wait (503) are answers.
dofile(os.getenv("WRK_REPORT"))

local count = tonumber(os.getenv("WRK_PEOPLE"))
local password = os.getenv("WRK_PASSWORD")
local number = 0

function request()
    number = (number + 1) % count
    local body = string.format(
        '{"email":"person%d@example.com","password":"%s"}', number, password)
    return wrk.format("POST", wrk.path, {
        ["Content-Type"] = "application/json", ["Host"] = wrk.headers["Host"],
    }, body)
end
