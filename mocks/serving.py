"""Runs HTTP systems on loopback: all in one background thread, or each as an operating-system process of its own."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import uvicorn
from starlette.types import ASGIApp

from mocks.systems import System

HOST = "127.0.0.1"
STARTS_WITHIN = 20.0
_SET_ASIDE = range(20_000, 32_000)  # below those that systems give to outgoing connections


class NotStarted(Exception):
    """A system's server did not come up: says which."""


class Host(Protocol):
    """Something that runs servers."""

    async def start(self, system: System, app: ASGIApp) -> str:
        """Serve a system; returns its base URL once it answers. One that was stopped comes back where it was."""
        ...

    async def stop(self, system_id: str) -> None:
        """End one server, as abruptly as the host can; an unknown or ended one is no error."""
        ...

    async def close(self) -> None:
        """End every server."""
        ...


class Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it and says when it listens."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(app, log_level="critical", access_log=False, lifespan="on", timeout_graceful_shutdown=1)
        )
        self.listening = threading.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the host's business."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self.listening.set()


def listen(port: int = 0) -> socket.socket:
    """A loopback socket; port 0 takes any free one."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # asyncio leaves Nagle's delay on for sockets that were made without a protocol: forty milliseconds an answer
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    found.bind((HOST, port))
    return found


def free_port() -> int:
    """A port for a process that is yet to start; of those that no client's connection is given in the meantime."""
    for port in random.SystemRandom().sample(_SET_ASIDE, len(_SET_ASIDE)):
        with socket.socket() as one:
            try:
                one.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OSError("no port is free on this machine")


def address(bound: socket.socket) -> str:
    """The base URL of a bound socket."""
    return f"http://{HOST}:{bound.getsockname()[1]}"


class ThreadHost:
    """All servers on one event loop in one thread of this process, whatever loops the caller comes and goes with."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="imitation", daemon=True)
        self._thread.start()
        self._running: dict[str, tuple[Server, Future[None]]] = {}
        self._ports: dict[str, int] = {}

    async def start(self, system: System, app: ASGIApp) -> str:
        """Serve a system; returns its base URL once it answers."""
        bound, server = listen(self._ports.get(system.id, 0)), Server(app)
        self._ports[system.id] = bound.getsockname()[1]
        ended = asyncio.run_coroutine_threadsafe(self._serve(server, bound), self._loop)
        self._running[system.id] = (server, ended)
        if not await asyncio.to_thread(server.listening.wait, STARTS_WITHIN):
            raise NotStarted(f"{system.id}: its server did not start within {STARTS_WITHIN:.0f} seconds.")
        return address(bound)

    async def _serve(self, server: Server, bound: socket.socket) -> None:
        with bound:
            await server.serve([bound])

    async def stop(self, system_id: str) -> None:
        """Close the listening socket, give running requests a second, then drop them."""
        found = self._running.pop(system_id, None)
        if found is None:
            return
        server, ended = found
        server.should_exit = True
        await asyncio.to_thread(ended.result, STARTS_WITHIN)

    async def close(self) -> None:
        """Stop every server and the thread."""
        await asyncio.gather(*(self.stop(system_id) for system_id in tuple(self._running)))
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()


class ProcessHost:
    """Each server as `python -m mocks serve`, which ends by itself when this process is gone."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._directory = directory
        self._environment = {**os.environ, **environment}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._ports: dict[str, int] = {}

    async def start(self, system: System, app: ASGIApp) -> str:
        """Serve a system; returns its base URL once it answers."""
        del app  # the process makes its own
        process = self._running[system.id] = self._spawn(system)
        try:
            line = await asyncio.wait_for(asyncio.to_thread(_first_line, process), STARTS_WITHIN)
        except TimeoutError as err:
            raise NotStarted(f"{system.id}: its process did not start within {STARTS_WITHIN:.0f} seconds.") from err
        if not line:
            raise NotStarted(f"{system.id}: its process ended before it listened. Its own output says why.")
        self._ports[system.id] = int(line.rpartition(":")[2])
        return line

    def _spawn(self, system: System) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "mocks",
            "serve",
            system.id,
            "--directory",
            str(self._directory),
            "--port",
            str(self._ports.get(system.id, 0)),
            "--attached",
        ]
        return subprocess.Popen(  # noqa: S603 our own module, arguments from a closed list
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment,
            start_new_session=True,  # Ctrl-C reaches this process only, which then ends them in order
        )

    async def stop(self, system_id: str) -> None:
        """Kill the process, as a power cut would."""
        process = self._running.pop(system_id, None)
        if process is None:
            return
        process.kill()
        await asyncio.to_thread(process.communicate)

    async def close(self) -> None:
        """Kill every process and wait for it."""
        await asyncio.gather(*(self.stop(system_id) for system_id in tuple(self._running)))


def _first_line(process: subprocess.Popen[bytes]) -> str:
    return process.stdout.readline().decode().strip() if process.stdout else ""


def serve(app: ASGIApp, port: int, *, attached: bool) -> None:
    """Serve in this process until interrupted; `attached`: or until standard input closes."""
    bound, server = listen(port), Server(app)
    threading.Thread(target=_announce, args=(server, bound), daemon=True).start()
    if attached:
        threading.Thread(target=_follow, args=(server,), daemon=True).start()
    with bound, suppress(KeyboardInterrupt):
        asyncio.run(server.serve([bound]))


def _announce(server: Server, bound: socket.socket) -> None:
    server.listening.wait()
    print(address(bound), flush=True)


def _follow(server: Server) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True
