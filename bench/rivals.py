"""The contenders: how each is started, what it may be compared for, and why one is left out."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.graph import SUBGRAPHS, federated

ROOT: Final = Path(__file__).parents[1]
WORK: Final = ROOT / "var" / "bench"
NPM: Final = Path(__file__).parent / "npm"
OURS: Final = "ours"


class Skipped(Exception):
    """A contender that cannot run here; says why."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One that answers the two questions."""

    name: str
    title: str
    command: Callable[[int], list[str]]
    environment: Callable[[int], Mapping[str, str]] = field(default=lambda _port: {})
    cwd: Path | None = None


def python_contenders(directory: Path, other: str | None = None) -> list[Contender]:
    """Those that need nothing but this project; `other` is another interpreter to run ours on as well."""

    def made(name: str, title: str, *, python: str = sys.executable, serve: str | None = None) -> Contender:
        return Contender(
            name,
            title,
            lambda port: [python, "-m", "bench.serve", serve or name, str(port), str(directory / name)],
            cwd=ROOT,
        )

    elsewhere = [] if other is None else [made("ours-other", _title(other), python=other, serve=OURS)]
    return [
        made(OURS, "Yiti, authorization and audit on"),
        *elsewhere,
        made("ours-unguarded", "Yiti without authorization and audit"),
        made("strawberry", "Strawberry + DataLoader + httpx"),
        made("bff", "hand-written BFF: Starlette + httpx"),
    ]


def _title(python: str) -> str:
    """The same, as the other interpreter names itself."""
    code = "import platform; print(platform.python_version(), 'built', platform.python_build()[1])"
    said = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    return f"Yiti, the same on Python {said}"


class NpmPeers:
    """The federating gateways that npm carries, installed into var/bench/npm."""

    def __init__(self, directory: Path = WORK / "npm") -> None:
        self._directory = directory

    def prepare(self, upstream: str) -> None:
        """Install once and compose; raises Skipped with the reason."""
        if shutil.which("node") is None or shutil.which("npm") is None:
            raise Skipped("node and npm are not installed here")
        self._directory.mkdir(parents=True, exist_ok=True)
        wanted = (NPM / "package.json").read_bytes()
        installed = self._directory / "package.json"
        if (
            not (self._directory / "node_modules").is_dir()
            or not installed.exists()
            or installed.read_bytes() != wanted
        ):
            installed.write_bytes(wanted)
            self._run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], "npm install failed")
        for script in NPM.glob("*.mjs"):
            shutil.copyfile(script, self._directory / script.name)
        subgraphs = {name: {"url": f"{upstream}/graphql/{name}", "sdl": federated(name)} for name in SUBGRAPHS}
        self._run([self._node(), "compose.mjs"], "composition failed", json.dumps(subgraphs))

    def contenders(self) -> list[Contender]:
        """Whoever runs on this machine."""
        modules, supergraph = self._directory / "node_modules", str(self._directory / "supergraph.graphql")
        hive = [
            self._node(),
            str(modules / "@graphql-hive" / "gateway" / "dist" / "bin.js"),
            "supergraph",
            supergraph,
        ]
        node = self._version(self._node())
        found = [
            Contender(
                "hive-rust-planner",
                f"Hive Gateway {self._package('@graphql-hive/gateway')}, Rust query planner, Node {node}",
                lambda port: [*hive, "-h", "127.0.0.1", "-p", str(port), "--hive-router-runtime"],
                cwd=self._directory,
            ),
            Contender(
                "hive",
                f"Hive Gateway {self._package('@graphql-hive/gateway')}, JavaScript, Node {node}",
                lambda port: [*hive, "-h", "127.0.0.1", "-p", str(port)],
                cwd=self._directory,
            ),
            Contender(
                "apollo",
                f"Apollo Gateway {self._package('@apollo/gateway')}, Node {node}",
                lambda _port: [self._node(), "apollo.mjs"],
                lambda port: {"PORT": str(port), "NODE_ENV": "production"},
                cwd=self._directory,
            ),
        ]
        return [*found, *self._grafbase(modules, supergraph)]

    def _grafbase(self, modules: Path, supergraph: str) -> list[Contender]:
        package = "@grafbase/cli-x86_64-unknown-linux-musl"
        binary = modules / package / "grafbase"
        if platform.machine() != "x86_64" or not binary.exists():
            return []
        project = self._directory / "grafbase"
        (project / "grafbase").mkdir(parents=True, exist_ok=True)
        (project / "grafbase" / "schema.graphql").write_text(
            "extend schema @graph(type: federated)\n", encoding="utf-8"
        )

        def command(port: int) -> list[str]:
            listen = ["--listen-address", f"127.0.0.1:{port}", "--federated-schema", supergraph]
            return [str(binary), "--home", str(self._directory / "grafbase-home"), "start", *listen]

        return [Contender("grafbase", f"Grafbase {self._package(package)} (Rust)", command, cwd=project)]

    def _node(self) -> str:
        own = self._directory / "node_modules" / "node" / "bin" / "node"
        return str(own) if own.exists() else str(shutil.which("node"))

    def _package(self, name: str) -> str:
        found = json.loads((self._directory / "node_modules" / name / "package.json").read_bytes())
        return str(found["version"])

    def _version(self, node: str) -> str:
        return (
            subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip().lstrip("v")
        )

    def _run(self, command: list[str], failing: str, given: str | None = None) -> None:
        done = subprocess.run(
            command,
            cwd=self._directory,
            input=given,
            capture_output=True,
            text=True,
            env=dict(os.environ),
            check=False,
        )
        if done.returncode:
            raise Skipped(f"{failing}: {done.stderr.strip().splitlines()[-1:]}")
