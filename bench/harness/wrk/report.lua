-- Prints what wrk measured as one line of JSON. `unexpected` counts what a script finds so.
threads = {}

function setup(thread) threads[#threads + 1] = thread end

function done(summary, latency, requests)
    local unexpected = 0
    for _, thread in ipairs(threads) do
        unexpected = unexpected + (thread:get("unexpected") or 0)
    end
    io.write(string.format(
        '{"requests":%d,"seconds":%.6f,"connect":%d,"read":%d,"write":%d,' ..
        '"status":%d,"unexpected":%d,"timeout":%d,"p99":%.3f}\n',
        summary.requests, summary.duration / 1e6, summary.errors.connect, summary.errors.read,
        summary.errors.write, summary.errors.status, unexpected, summary.errors.timeout,
        latency:percentile(99) / 1e3))
end
