"""The imitation agencies are built once, answer, can fail one by one, and leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from adapters.loading import load
from mocks.__main__ import main
from mocks.databases import database_url, ensure
from mocks.launch import Imitation
from mocks.serving import NotStarted, ThreadHost
from mocks.systems import SYSTEMS, System, of
from mocks.world import World, populate

ROOT = Path(__file__).parents[2]
AGENCIES = ROOT / "adapters" / "agencies"


@pytest.fixture(scope="module")
def small() -> World:
    return populate(people=40)


async def answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(f"{url}/healthz")).status_code == 200
        except httpx.HTTPError:
            return False


def urls_of(environment: Mapping[str, str]) -> list[str]:
    return [value for name, value in environment.items() if name.endswith("_URL")]


@pytest.mark.parametrize("processes", [False, True], ids=["thread", "processes"])
async def test_every_system_answers_and_fails_alone(small: World, tmp_path: Path, processes: bool) -> None:
    imitation = Imitation()
    try:
        environment = await imitation.start(tmp_path, small, processes=processes)
        assert set(environment) >= {system.variable for system in SYSTEMS.values()}
        assert [await answers(url) for url in urls_of(environment)] == [True] * len(urls_of(environment))
        await imitation.stop("jiangsu-aftercare")
        down = environment[SYSTEMS["jiangsu-aftercare"].variable]
        assert [await answers(url) for url in urls_of(environment)] == [url != down for url in urls_of(environment)]
        await imitation.revive("jiangsu-aftercare")
        assert await answers(down), "it comes back where it was"
    finally:
        await imitation.close()
    assert not any([await answers(url) for url in urls_of(environment)])


@pytest.mark.parametrize("processes", [False, True], ids=["thread", "processes"])
def test_servers_outlive_the_loop_that_started_them(small: World, tmp_path: Path, processes: bool) -> None:
    imitation = Imitation()
    try:
        environment = asyncio.run(imitation.start(tmp_path, small, provinces=("zhejiang",), processes=processes))
        assert all(asyncio.run(answers(url)) for url in urls_of(environment))
    finally:
        asyncio.run(imitation.close())
    assert not any(asyncio.run(answers(url)) for url in urls_of(environment))


async def test_one_province_starts_alone(small: World, tmp_path: Path) -> None:
    imitation = Imitation()
    try:
        environment = await imitation.start(tmp_path, small, provinces=("zhejiang",))
        assert {name.split("_")[0] for name in environment} == {"ZHEJIANG"}
    finally:
        await imitation.close()


async def test_a_system_that_does_not_start_takes_the_others_with_it(
    small: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    start = ThreadHost.start

    async def fail(self: ThreadHost, system: System, app: ASGIApp) -> str:
        if system.id == "zhejiang-aftercare":
            raise NotStarted("zhejiang-aftercare: its server did not start.")
        started.append(await start(self, system, app))
        return started[-1]

    monkeypatch.setattr(ThreadHost, "start", fail)
    with pytest.raises(NotStarted, match="zhejiang-aftercare"):
        await Imitation().start(tmp_path, small, provinces=("zhejiang",))
    assert started
    assert not any([await answers(url) for url in started])


async def test_secrets_are_lent_to_this_process_and_taken_back(small: World, tmp_path: Path) -> None:
    names = [system.secret_variable for system in of(("zhejiang",)) if system.secret_variable]
    before = [os.environ.get(name) for name in names]
    imitation = Imitation()
    environment = await imitation.start(tmp_path, small, provinces=("zhejiang",))
    assert [os.environ[name] for name in names] == [environment[name] for name in names] != before
    await imitation.close()
    assert [os.environ.get(name) for name in names] == before


async def test_a_database_cannot_be_stopped() -> None:
    with pytest.raises(ValueError, match="is a database"):
        await Imitation().stop("jiangsu-police")


async def test_databases_are_built_once_and_again_for_another_world(small: World, tmp_path: Path) -> None:
    systems = of(("zhejiang",))
    told: list[str] = []
    await ensure(tmp_path, small, systems, progress=told.append)
    assert len(told) == len(systems)
    await ensure(tmp_path, small, systems, progress=told.append)
    assert len(told) == len(systems)
    await ensure(tmp_path, populate(seed=5, people=40), systems, progress=told.append)
    assert len(told) == 2 * len(systems)


async def test_a_system_may_live_in_another_database(small: World, tmp_path: Path) -> None:
    elsewhere = f"sqlite+aiosqlite:///{tmp_path / 'elsewhere.sqlite'}"
    urls = await ensure(tmp_path / "own", small, of(("zhejiang",)), databases={"zhejiang-community": elsewhere})
    assert urls["zhejiang-community"] == elsewhere
    assert (tmp_path / "elsewhere.sqlite").exists()
    assert not (tmp_path / "own" / "zhejiang-community.db").exists()


def test_a_served_system_ends_with_its_parent(small: World, tmp_path: Path) -> None:
    assert main(["build", "--directory", str(tmp_path), "--people", "40"]) == 0
    command = [
        sys.executable,
        "-m",
        "mocks",
        "serve",
        "zhejiang-aftercare",
        "--directory",
        str(tmp_path),
        "--attached",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        url = process.stdout.readline().decode().strip()
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def test_serving_what_was_not_built_says_how_to_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "zhejiang-aftercare", "--directory", str(tmp_path)]) == 2
    assert "python -m mocks build" in capsys.readouterr().err


def test_serving_a_database_says_where_it_lies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "jiangsu-police", "--directory", str(tmp_path)]) == 2
    assert database_url(tmp_path, SYSTEMS["jiangsu-police"]) in capsys.readouterr().err


def test_the_list_names_every_system(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in SYSTEMS)


def test_every_system_has_its_own_address_variable() -> None:
    variables = [system.variable for system in SYSTEMS.values()]
    assert len(set(variables)) == len(variables) >= 11


async def test_two_imitations_in_one_process_keep_their_own_secrets(small: World, tmp_path: Path) -> None:
    one, other = Imitation(), Imitation()
    try:
        first = await one.start(tmp_path / "one", small, provinces=("jiangsu",))
        await other.start(tmp_path / "other", small, provinces=("jiangsu",))
        await one.stop("jiangsu-aftercare")
        await one.revive("jiangsu-aftercare")
        async with httpx.AsyncClient(trust_env=False) as client:
            for part in ("request-service", "aftercare"):
                described = SYSTEMS[f"jiangsu-{part}"]
                auth = load(AGENCIES / "jiangsu" / f"{part}.yaml", first).source.auth  # type: ignore[union-attr] # HTTP
                assert auth is not None
                secret = first[described.secret_variable or ""]
                found = await client.get(f"{first[described.variable]}/nothing", headers={auth.name: secret})
                assert found.status_code == 404, "let in, where there is nothing"
    finally:
        await one.close()
        await other.close()
