"""The load: kept-alive connections that ask, wait for the answer and ask again. wrk where there is one, else ours.

Ours is a process of its own (`python -m bench.load`, the task as JSON on stdin). Only answers of status 200 count.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httptools

from bench.loop import run
from bench.processes import OTHER_CORE

WRK = shutil.which("wrk")
_SCRIPT = """
local texts = {}
local turn = 0
function init(args)
  for line in io.lines(args[1]) do
    texts[#texts + 1] = wrk.format("POST", "/graphql", nil, line)
  end
end
function request()
  turn = turn %% #texts + 1
  return texts[turn]
end
function done(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
  bad = bad + summary.errors.timeout
  io.write(string.format('\\nFIGURES {"requests":%%d,"seconds":%%f,"bad":%%d,"p50":%%f,"p99":%%f}\\n',
    summary.requests - summary.errors.status, summary.duration / 1e6, bad,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
%s
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run of load saw; latencies in milliseconds."""

    requests: int
    seconds: float
    bad: int
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """Where and what to ask: each connection goes round the bodies."""

    port: int
    headers: Mapping[str, str]
    bodies: Sequence[str]
    concurrency: int
    seconds: float


def press(task: Task, *, wrk: str | None = WRK) -> Figures:
    """Run one load to its end, on the other core."""
    return _with_wrk(task, wrk) if wrk else _with_ours(task)


def _pin() -> None:
    os.sched_setaffinity(0, {OTHER_CORE})


def _with_ours(task: Task) -> Figures:
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asdict(task)).encode(),
        stdout=subprocess.PIPE,
        check=True,
        preexec_fn=_pin,
    )
    return Figures(**json.loads(done.stdout))


def _with_wrk(task: Task, wrk: str) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in task.headers.items())
        script, bodies = Path(folder, "load.lua"), Path(folder, "bodies")
        script.write_text(_SCRIPT % headers, encoding="utf-8")
        bodies.write_text("\n".join(task.bodies), encoding="utf-8")
        command = [wrk, "-t1", f"-c{task.concurrency}", f"-d{max(1, round(task.seconds))}s", "--timeout", "60s"]
        address = f"http://127.0.0.1:{task.port}/graphql"
        done = subprocess.run(
            [*command, "-s", str(script), address, "--", str(bodies)],
            stdout=subprocess.PIPE,
            check=True,
            preexec_fn=_pin,
        )
    said = next(line for line in done.stdout.decode().splitlines() if line.startswith("FIGURES "))
    return Figures(**json.loads(said.removeprefix("FIGURES ")))


# ---- our own ------------------------------------------------------------------------------------------------------


class _Tally:
    def __init__(self) -> None:
        self.milliseconds: list[float] = []
        self.bad = 0


class _Asking(asyncio.Protocol):
    """One connection; a slow or broken one shows in the figures, not as an exception."""

    def __init__(self, requests: Sequence[bytes], first: int, tally: _Tally) -> None:
        self._requests = requests
        self._turn = first
        self._tally = tally
        self._parser = httptools.HttpResponseParser(self)
        self._sent = 0.0
        self._transport: Any = None
        self.stopped = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._requests[self._turn % len(self._requests)])
        self._turn += 1

    def data_received(self, data: bytes) -> None:
        """asyncio's."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._tally.bad += 1
            self._transport.close()

    def on_message_complete(self) -> None:
        """httptools'."""
        if self.stopped:
            return
        if self._parser.get_status_code() == 200:
            self._tally.milliseconds.append((time.perf_counter() - self._sent) * 1000)
        else:
            self._tally.bad += 1
        self._parser = httptools.HttpResponseParser(self)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """asyncio's."""
        if not self.stopped:
            self._tally.bad += 1

    def stop(self) -> None:
        """No more."""
        self.stopped = True
        self._transport.close()


async def _pressed(task: Task) -> Figures:
    head = "POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in task.headers.items())
    requests = [f"{head}content-length: {len(body.encode())}\r\n\r\n{body}".encode() for body in task.bodies]
    tally, loop = _Tally(), asyncio.get_running_loop()
    began = time.perf_counter()
    connections = []
    for first in range(task.concurrency):
        connections.append(_Asking(requests, first * 7, tally))
        await loop.create_connection(partial(connections.__getitem__, first), "127.0.0.1", task.port)
    await asyncio.sleep(task.seconds)
    spent = time.perf_counter() - began
    for connection in connections:
        connection.stop()
    found = sorted(tally.milliseconds) or [0.0]
    p50, p99 = (found[min(len(found) - 1, len(found) * share // 100)] for share in (50, 99))
    return Figures(len(tally.milliseconds), spent, tally.bad, p50, p99)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(run(_pressed(Task(**json.load(sys.stdin)))))))
