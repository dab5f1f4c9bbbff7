"""The stage: both provinces' imitation agencies and a gateway for each, as real processes on loopback.

The one module of mocks/ that knows of gateways: it prepares their keys and settings as an operator would.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.identity.token import TokenService
from gateway.keys import make_signing_key, public_jwks
from gateway.secret import keep_secret
from mocks.launch import Imitation
from mocks.life import Life
from mocks.serving import free_port
from mocks.systems import System
from mocks.viewers import viewers
from mocks.world import World

PROVINCES: Mapping[str, str] = {"jiangsu": "320000", "zhejiang": "330000"}
AGENCIES = Path(__file__).parents[1] / "adapters" / "agencies"
READY_SECONDS = 180.0  # a busy machine is no fault


class StageError(Exception):
    """A gateway that did not come up: says which, and where its log lies."""


@dataclass(slots=True)
class Stage:
    """Everything running. `open` once, `close` always."""

    directory: Path
    world: World
    progress: Callable[[str], None] = print
    deadline_seconds: float = 3.0
    detours: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    """Variable of the manifests' environment -> what to make of its address, such as a way through a proxy."""
    imitation: Imitation = field(default_factory=Imitation)
    urls: dict[str, str] = field(default_factory=dict)
    _gateways: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _environment: dict[str, str] = field(default_factory=dict)

    async def open(self, *, processes: bool = True, databases: Mapping[str, str] | None = None) -> None:
        """Build the agencies' databases, start their servers, then the gateways; returns when all answer."""
        try:
            self._environment = dict(
                await self.imitation.start(
                    self.directory / "agencies",
                    self.world,
                    processes=processes,
                    databases=databases,
                    progress=self.progress,
                )
            )
            for variable, lead in self.detours.items():
                self._environment[variable] = lead(self._environment[variable])
            self._prepare()
            for province in PROVINCES:
                self.progress(f"starting gateway of {province}")
                self._start(province)
            for province in PROVINCES:
                await self._ready(province)
            self.progress("letting the gateways learn of each other's people, by pseudonym only")
            await self._acquainted()
        except BaseException:
            await self.close()
            raise

    def person_id(self, life: Life, *, second: bool = False) -> str:
        """The pseudonym under which the graph knows somebody who has a number."""
        number = life.second_id_number if second else life.id_number
        token = self._tokens().mint(number) if number else None
        if token is None:
            raise ValueError("somebody without a number has no federation-wide pseudonym")
        return token

    def token(self, province: str, profile: str) -> str:
        """An imitation viewer's access token."""
        with urllib.request.urlopen(f"{self.urls[province]}/demo/viewers") as answer:  # noqa: S310 loopback
            listed: list[dict[str, str]] = json.load(answer)
        titles = {one["profile"]: str(one["title"]) for one in self._viewers(province)}
        return next(one["token"] for one in listed if one["title"] == titles[profile])

    def address(self, system: System) -> str:
        """Where a gateway finds an agency's system: the URL of its service or of its database."""
        return self._environment[system.variable]

    def settings_file(self, province: str) -> Path:
        """A gateway's settings as lines for a shell; no secret stands in it."""
        return self._state(province) / "settings.sh"

    async def close(self) -> None:
        """End the gateways, then the agencies."""
        for process in self._gateways.values():
            process.terminate()
        for process in self._gateways.values():
            try:
                await asyncio.to_thread(process.wait, 10)
            except subprocess.TimeoutExpired:
                process.kill()
        self._gateways.clear()
        await self.imitation.close()

    # ---- how an operator would set two gateways up ------------------------------------------------------------

    def _tokens(self) -> TokenService:
        return TokenService(keep_secret(self.directory / "token.key"), "1")

    def _viewers(self, province: str) -> list[dict[str, object]]:
        themselves = (self.world.story(name) for name in ("conflict", "hiv"))
        return viewers(province, {f"{life.name}（模拟）": self.person_id(life) for life in themselves})

    def _prepare(self) -> None:
        for province in PROVINCES:
            state = self._state(province)
            state.mkdir(parents=True, exist_ok=True)
            key = make_signing_key(state / "signing.key.json")
            (state / "public.jwks.json").write_text(json.dumps(public_jwks(key)), encoding="utf-8")
            listed = json.dumps(self._viewers(province), ensure_ascii=False, indent=1)  # JSON is YAML too
            (state / "viewers.yaml").write_text(listed, encoding="utf-8")
            port = free_port()
            self.urls[province] = f"http://127.0.0.1:{port}"
            self._environment[f"{province.upper()}_GATEWAY_URL"] = f"{self.urls[province]}/graphql"
            lines = (f"export {name}={shlex.quote(value)}\n" for name, value in self._settings(province).items())
            self.settings_file(province).write_text("".join(lines), encoding="utf-8")

    def _state(self, province: str) -> Path:
        return self.directory / province

    def _settings(self, province: str) -> dict[str, str]:
        state = self._state(province)
        (other,) = set(PROVINCES) - {province}
        return {
            "YITI_MODE": "demo",
            "YITI_NAME": f"yiti-{province}",
            "YITI_PROVINCE": PROVINCES[province],
            "YITI_PORT": self.urls[province].rpartition(":")[2],
            "YITI_MANIFESTS": str(AGENCIES / province),
            "YITI_TOWNSHIPS": ",".join(str(AGENCIES / name / "townships.yaml") for name in PROVINCES),
            "YITI_STATE": str(state),
            "YITI_TOKEN_KEY_FILE": str(self.directory / "token.key"),
            "YITI_SIGNING_KEY_FILE": str(state / "signing.key.json"),
            "YITI_PEERS": f"yiti-{other}@{PROVINCES[other]}={self._state(other) / 'public.jwks.json'}",
            "YITI_DEMO_VIEWERS": str(state / "viewers.yaml"),
            "YITI_TODAY": self.world.today.isoformat(),
            "YITI_DEADLINE_SECONDS": str(self.deadline_seconds),
            "YITI_CACHE_TTL_SECONDS": "0",
            "YITI_LOG_LEVEL": "warning",
        }

    def _start(self, province: str) -> None:
        environment = {**os.environ, **self._environment, **self._settings(province)}
        with self._log(province).open("ab") as log:
            self._gateways[province] = subprocess.Popen(
                [sys.executable, "-m", "gateway", "serve"], env=environment, stdout=log, stderr=log
            )

    def _log(self, province: str) -> Path:
        return self._state(province) / "gateway.log"

    async def _ready(self, province: str) -> None:
        """Until the gateway answers; raises StageError if it ends or takes too long."""
        async with asyncio.timeout(READY_SECONDS):
            while not await asyncio.to_thread(_answers, f"{self.urls[province]}/healthz"):
                if self._gateways[province].poll() is not None:
                    last = self._log(province).read_text(encoding="utf-8", errors="replace")[-800:]
                    raise StageError(f"gateway of {province} ended: {last}; its log is {self._log(province)}")
                await asyncio.sleep(0.1)

    async def _acquainted(self) -> None:
        """Until each gateway has the other's list of pseudonyms: whoever starts first finds nobody there."""
        known = {"jiangsu": "returned", "zhejiang": "cross_province"}  # live here, were isolated there
        async with asyncio.timeout(READY_SECONDS):
            for province, story in known.items():
                token = await asyncio.to_thread(self.token, province, "aftercare-officer")
                person = self.person_id(self.world.story(story))
                while len(await asyncio.to_thread(_provinces, self.urls[province], token, person)) < len(PROVINCES):  # noqa: ASYNC110
                    await asyncio.sleep(0.3)


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 loopback
        return bool(answer.status == 200)
    return False


def _provinces(url: str, token: str, person: str) -> set[str]:
    """The provinces from which the records of a person come."""
    query = "query($id: ID!) { person(id: $id) { records { source { jurisdiction { code } } } } }"
    body = json.dumps({"query": query, "variables": {"id": person}}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/graphql", body, headers)  # noqa: S310 loopback
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 loopback
            found = json.load(answer)["data"]["person"]
    except (OSError, urllib.error.HTTPError):
        return set()
    return {one["source"]["jurisdiction"]["code"] for one in (found or {}).get("records") or ()}
