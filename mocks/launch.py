"""Starts the imitation agencies: builds their databases, serves those behind HTTP, says where they are."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.types import ASGIApp

from mocks.databases import Progress, ensure, module_of
from mocks.serving import Host, ProcessHost, ThreadHost
from mocks.systems import SYSTEMS, System, of
from mocks.world import World


class Imitation:
    """The running systems of one or both provinces. `start` once, `close` always."""

    def __init__(self) -> None:
        self._host: Host | None = None
        self._urls: Mapping[str, str] = {}
        self._before: dict[str, str | None] = {}
        self._passwords: Mapping[str, str] = {}

    async def start(
        self,
        directory: Path,
        world: World,
        *,
        provinces: tuple[str, ...] = ("jiangsu", "zhejiang"),
        processes: bool = False,
        databases: Mapping[str, str] | None = None,
        progress: Progress = lambda _: None,
    ) -> Mapping[str, str]:
        """Build and serve; returns the environment that the manifests need: addresses and secrets.

        `processes`: every HTTP system becomes a process of its own, which `stop` really kills; otherwise all run in
        one thread of this process, and their secrets are put into this process's environment until `close`.
        """
        systems = of(provinces)
        urls = self._urls = await ensure(directory, world, systems, databases=databases, progress=progress)
        passwords = self._passwords = {
            system.secret_variable: secrets.token_urlsafe(24) for system in systems if system.secret_variable
        }
        if not processes:
            self._lend(passwords)
        self._host = ProcessHost(directory, passwords) if processes else ThreadHost()
        environment = dict(passwords)
        try:
            environment |= await self._serve(systems, urls, progress)
        except BaseException:
            await self.close()
            raise
        return environment

    async def _serve(
        self, systems: Sequence[System], urls: Mapping[str, str], progress: Progress
    ) -> Mapping[str, str]:
        """Start every server at once; variable -> address, for databases their URL."""

        async def start(host: Host, system: System) -> tuple[str, str]:
            if system.kind == "sql":
                return system.variable, urls[system.id]
            url = await host.start(system, self._application(system))
            progress(f"{system.id} answers at {url}")
            return system.variable, url

        host = self._host
        if host is None:
            return {}
        found = await asyncio.gather(*(start(host, system) for system in systems), return_exceptions=True)
        for one in found:  # only once all are through: none may start behind a close
            if isinstance(one, BaseException):
                raise one
        return dict(one for one in found if not isinstance(one, BaseException))

    async def stop(self, system_id: str) -> None:
        """Let one HTTP system fail from now on; KeyError for an unknown one, ValueError for a database."""
        if SYSTEMS[system_id].kind != "http":
            raise ValueError(f"{system_id} is a database, not a server. Stop one of the HTTP systems.")
        if self._host:
            await self._host.stop(system_id)

    async def revive(self, system_id: str) -> None:
        """Start a stopped HTTP system again, at the address where it was."""
        if self._host:
            system = SYSTEMS[system_id]
            await self._host.start(system, self._application(system))

    async def close(self) -> None:
        """End every server and take the secrets back."""
        if self._host:
            await self._host.close()
            self._host = None
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._before = {}

    def _application(self, system: System) -> ASGIApp:
        """With the secret of this imitation, whatever others have put into the environment since."""
        name = system.secret_variable
        before = os.environ.get(name) if name else None
        if name and name in self._passwords:
            os.environ[name] = self._passwords[name]
        try:
            return module_of(system).app(self._urls[system.id])
        finally:
            if name and before is not None:
                os.environ[name] = before

    def _lend(self, passwords: Mapping[str, str]) -> None:
        for name, value in passwords.items():
            self._before[name] = os.environ.get(name)
            os.environ[name] = value
