"""Processes of the bench: started on one core, watched through /proc, always ended again by their own id."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CORES: Final = sorted(os.sched_getaffinity(0))
GATEWAY_CORE: Final = CORES[0]
OTHER_CORE: Final = CORES[1] if len(CORES) > 1 else CORES[0]
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class DidNotStart(Exception):
    """A process that does not answer: says which, and the end of its log."""


@dataclass(frozen=True, slots=True)
class Running:
    """One started process with whatever it started itself."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def cpu_seconds(self) -> float:
        """CPU time so far, of the whole tree."""
        return sum(_cpu(pid) for pid in self._tree())

    @property
    def resident_mb(self) -> float:
        """Memory in use, of the whole tree."""
        return sum(_resident(pid) for pid in self._tree()) / 1024

    def wait_until_listening(self, seconds: float = 60) -> None:
        """Until it takes connections; raises DidNotStart."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        last = self.log.read_text(encoding="utf-8", errors="replace")[-800:]
        raise DidNotStart(f"{self.name} does not listen: {last or 'its log is empty'}")

    def settle(self, seconds: float = 15) -> None:
        """Until it has done with what the last load left behind unanswered."""
        end, before = time.monotonic() + seconds, -1.0
        while time.monotonic() < end and (now := self.cpu_seconds) - before > 0.02:
            before = now
            time.sleep(0.2)

    def end(self) -> None:
        """Ask it to end, then make it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                break
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()

    def _tree(self) -> list[int]:
        found = [self.process.pid]
        for pid in found:
            try:
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
            except OSError:
                continue
            found += [int(child) for child in children.split()]
        return found


def start(
    name: str,
    command: Sequence[str],
    port: int,
    directory: Path,
    *,
    core: int,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Running:
    """Start a command on one core; its output goes into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / f"{name}.log"
    ours = {key: value for key, value in os.environ.items() if not key.startswith("YITI_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**ours, **(environment or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
    return Running(name, process, port, log)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def machine_busy_seconds() -> float:
    """CPU time that all processes of the machine have had so far."""
    first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    user, nice, system, _idle, _waiting, *rest = (int(ticks) for ticks in first.split()[1:8])
    return (user + nice + system + sum(rest)) / _TICKS


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
