"""Runs one gateway under uvicorn until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from typing import Final

import uvicorn

from gateway.app import opened
from gateway.http import Application
from gateway.policy.reload import PolicyKeeper
from gateway.settings import Settings, SettingsError

log = logging.getLogger("yiti.serving")

_BEFORE_A_LOOK: Final = 50_000
"""Objects that may come to live before the collector looks for circles among them."""


class _Announced(uvicorn.Server):
    """Says where it answers, once it does."""

    def __init__(self, config: uvicorn.Config, name: str) -> None:
        super().__init__(config)
        self._name = name

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """From here on connections are taken."""
        await super().startup(sockets=sockets)
        for listener in sockets or ():
            host, port = listener.getsockname()[:2]
            log.info("%s answers at http://%s:%s/graphql", self._name, host, port)


async def serve(settings: Settings) -> int:
    """Serve; everything is ready before the first request is taken, and closed after the last answer."""
    with _listen(settings.host, settings.port) as listener:
        async with opened(settings) as gateway:
            _outlive_signals()
            _read_policies_on_hangup(gateway.policies)
            config = server_config(gateway.application, settings.max_body_bytes)
            calm_collector()
            await _Announced(config, settings.name).serve(sockets=[listener])
    return 0


def calm_collector() -> None:
    """What is built by now stays for good, and answers leave no circles of objects behind: look for some seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_BEFORE_A_LOOK, 20, 20)


def server_config(application: Application, max_message: int) -> uvicorn.Config:
    """How the server is to be; `max_message` bytes is the longest WebSocket message."""
    return uvicorn.Config(
        application,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=max_message,
        ws_per_message_deflate=False,  # a small message could swell to any size
        lifespan="off",
        log_config=None,
        access_log=False,  # it would write query strings
        server_header=False,
        timeout_graceful_shutdown=10,
    )


def _listen(host: str, port: int) -> socket.socket:
    """Takes the port at once, so that a wrong one is said before the work; connections come in only when served."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # asyncio leaves Nagle's delay on for sockets that were made without a protocol: forty milliseconds an answer
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as err:
        listener.close()
        raise SettingsError(
            f"YITI_HOST, YITI_PORT: {host} port {port} cannot be listened on ({err.strerror}). Choose another one."
        ) from None
    return listener


def _read_policies_on_hangup(policies: PolicyKeeper) -> None:
    """What a daemon does on SIGHUP; where there is no such signal, the folder can be watched instead."""
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None:
        asyncio.get_running_loop().add_signal_handler(hangup, policies.ask)


def _outlive_signals() -> None:
    """uvicorn stops on a signal and raises it again afterwards, which would end us before the log is closed."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: None)
