"""Makes a GNU Health database by GNU Health's own tools: an environment, processes and a licence of its own.

The environment and the database are kept under var/, which git ignores; they are made anew when what makes them
changed. `python -m tests.conformance.gnuhealth.make_database` makes them by hand.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mocks.serving import free_port
from tests.conformance.gnuhealth import hospital
from tests.conformance.gnuhealth.rpc import Row, RpcError, Session
from tests.conformance.kept import Absent, fingerprint, locked

HERE = Path(__file__).parent
SOURCES = ("requirements.txt", "hospital.py", "rpc.py", "make_database.py")  # a change makes the database anew
RELEASE = "gnuhealth>=5.0.6,<5.1"
NAME = "health"
PASSWORD = "gnuhealth-loopback-only"
CONFIGURATION = """\
[database]
uri = sqlite://
path = {folder}
"""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished database, and what GNU Health itself said about its contents."""

    database: Path
    testimony: dict[str, list[Row]]


def make() -> Made:
    """The kept database, or a new one: the first time takes about half a minute."""
    with locked("gnuhealth") as kept:
        folder = kept / f"database-{_fingerprint(*SOURCES)}"
        said = folder / "testimony.json"
        if not said.exists():
            for old in kept.glob("database-*"):
                shutil.rmtree(old)
            _new_database(_environment(kept), folder)
    return Made(folder / f"{NAME}.sqlite", json.loads(said.read_text(encoding="utf-8")))


def _fingerprint(*names: str) -> str:
    return fingerprint(sys.version.encode(), *((HERE / name).read_bytes() for name in names))


def _environment(kept: Path) -> Path:
    """A virtual environment with GNU Health in it, from the package index that this machine's pip is set to."""
    folder = kept / f"environment-{fingerprint(RELEASE.encode(), _fingerprint('requirements.txt').encode())}"
    ready = folder / ".ready"
    if not ready.exists():
        for old in kept.glob("environment-*"):
            shutil.rmtree(old)
        _run([sys.executable, "-m", "venv", str(folder)], "making a virtual environment")
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for what in (["--requirement", str(HERE / "requirements.txt")], ["--no-deps", RELEASE]):
            _run([*install, *what], "installing GNU Health by pip", seconds=600)
        ready.touch()
    return folder / "bin"


def _new_database(binaries: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    configuration = folder / "trytond.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder), encoding="utf-8")
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    (folder / f"{NAME}.sqlite").touch()  # trytond fills an empty file, and makes none
    setting = ["-c", str(configuration), "-d", NAME]
    command = [str(binaries / "trytond-admin"), *setting, "--email", "nobody@example.org"]
    environment = {"TRYTONPASSFILE": str(folder / "password")}
    _run([*command, "-u", "health", "--activate-dependencies"], "creating its database", environment)
    with _server(binaries, configuration) as port:
        try:
            session = Session(port, NAME, "admin", PASSWORD)
            hospital.fill(session)
            said = hospital.testimony(session)
        except (OSError, RpcError) as err:
            raise Absent(f"GNU Health did not take the synthetic people: {err}") from err
    (folder / "testimony.json").write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")


@contextmanager
def _server(binaries: Path, configuration: Path) -> Iterator[int]:
    """GNU Health's server on a free port of the loopback, ended with the block."""
    port = free_port()
    configuration.write_text(
        configuration.read_text(encoding="utf-8") + f"[web]\nlisten = 127.0.0.1:{port}\n", encoding="utf-8"
    )
    command = [str(binaries / "trytond"), "-c", str(configuration), "-d", NAME]
    with configuration.with_suffix(".log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=_clean())
        try:
            _wait(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise Absent("GNU Health's server did not come up")


def _run(command: list[str], doing: str, more: dict[str, str] | None = None, seconds: int = 600) -> None:
    try:
        done = subprocess.run(
            command, env=_clean() | (more or {}), capture_output=True, text=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise Absent(f"{doing} failed: {type(err).__name__}") from err
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise Absent(f"{doing} failed: {said[-1] if said else f'exit status {done.returncode}'}")


def _clean() -> dict[str, str]:
    """This process's environment without what points Python at our own packages."""
    ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONWARNINGS", "COVERAGE_PROCESS_START")
    return {name: value for name, value in os.environ.items() if name not in ours}


if __name__ == "__main__":
    print(make().database)
