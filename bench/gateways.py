"""This gateway as a process of its own, for as long as it is measured."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bench.contenders.house import settings_for, token_for
from bench.processes import GATEWAY_CORE, Running, free_port, start
from bench.rivals import ROOT


class gateway:  # noqa: N801 - used as a function is
    """This gateway as a process of its own, with the officer's headers and how long its start took."""

    def __init__(self, state: Path, name: str = "ours") -> None:
        self._state = state
        self._name = name
        self._running: Running | None = None

    def __enter__(self) -> tuple[Running, dict[str, str], float]:
        port, began = free_port(), time.perf_counter()
        token = token_for(settings_for(self._state))
        command = [sys.executable, "-m", "bench.serve", self._name, str(port), str(self._state)]
        self._running = start("curve", command, port, self._state, core=GATEWAY_CORE, cwd=ROOT)
        try:
            self._running.wait_until_listening(600)
        except BaseException:
            self._running.end()
            raise
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        return self._running, headers, time.perf_counter() - began

    def __exit__(self, *_: object) -> None:
        if self._running is not None:
            self._running.end()
