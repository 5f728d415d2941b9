-- The same GET again and again; WRK_TOKEN authenticates it, WRK_DELAY paces it.
dofile(os.getenv("WRK_REPORT"))

local token = os.getenv("WRK_TOKEN")
if token then wrk.headers["Authorization"] = "Bearer " .. token end

local pause = tonumber(os.getenv("WRK_DELAY"))
if pause then
    function delay() return pause end
end
