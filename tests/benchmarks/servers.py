"""Start a server, wait for it, measure it, stop it."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

GRANIAN = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-access-log", "--log-level", "warning", "--workers", "2"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def process(command: list[str], port: int, path: str, **environment: str):
    """Run ``command`` until the block ends; ready once ``path`` answers."""
    whole = {**os.environ, **environment}
    running = subprocess.Popen(command, env=whole, stdout=subprocess.DEVNULL)  # noqa: S603 - our own servers
    try:
        wait_for(f"http://127.0.0.1:{port}{path}", running)
        yield running
    finally:
        running.terminate()
        running.wait(20)


def wait_for(url: str, running: subprocess.Popen, seconds: int = 60) -> None:
    for _ in range(seconds * 10):
        if running.poll() is not None:
            raise RuntimeError(f"the server of {url} stopped with status {running.returncode}")
        try:
            urllib.request.urlopen(url, timeout=5).read()  # noqa: S310 - our own loopback address
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{url} did not answer in {seconds} s")


def bare(which: str, size: int):
    port = free_port()
    command = [*GRANIAN, "--factory", "--port", str(port), f"tests.benchmarks.bare:{which}"]
    return port, process(command, port, "/", BENCH_BYTES=str(size))


def platform(folder: Path, **environment: str):
    port = free_port()
    command = [sys.executable, "-m", "consult", "serve", "--work", "--port", str(port)]
    ours = {"CONSULT_DATA_DIR": str(folder), "CONSULT_BASE_URL": f"http://127.0.0.1:{port}", "CONSULT_LOG_LEVEL": "ERROR",
            "CONSULT_MAIL_URL": f"file://{folder}/mail", "CONSULT_DATABASE_URL": ""}
    return port, process(command, port, "/healthz", **{**ours, **environment})


class Measured(NamedTuple):
    """What one run of wrk found."""

    rate: float  # answers a second
    median: float  # milliseconds until the answer
    slowest: float  # the same, of the slowest hundredth


def wrk(url: str, clients: int, seconds: int = 4, cookie: str = "", script: str = "") -> float:
    """Requests per second; raises when any answer was not a success."""
    return measured(url, clients, seconds, cookie, script).rate


def measured(url: str, clients: int, seconds: int = 4, cookie: str = "", script: str = "") -> Measured:
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "--timeout", "60s"]
    command += (["-H", f"Cookie: {cookie}"] if cookie else []) + (["-s", script] if script else [])
    run = subprocess.run([*command, url], check=True, capture_output=True, text=True)  # noqa: S603 - wrk on loopback
    if "Non-2xx" in run.stdout or "Socket errors" in run.stdout or run.stderr:
        raise RuntimeError(f"{url}: {run.stdout}{run.stderr[:500]}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", run.stdout)[1])
    return Measured(rate, *(milliseconds(run.stdout, share) for share in ("50%", "99%")))


def milliseconds(text: str, share: str) -> float:
    """The latency that wrk reports of this share of the answers."""
    number, unit = re.search(rf"{share}\s+([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def peak_of(pid: int) -> float:
    """Peak resident MB of a process (VmHWM); 0 where it has just ended."""
    try:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def memory_of_workers(parent: int) -> list[float]:
    """Peak resident MB of each process below ``parent`` (VmHWM)."""
    peaks = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        if re.search(rf"^PPid:\s+{parent}$", text, re.MULTILINE):
            peaks.append(int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024)
    return peaks
