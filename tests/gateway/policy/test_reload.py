from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.audit.event import EventRecord, Kind
from gateway.audit.log import SqliteAuditLog
from gateway.audit.record import EventEntry
from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.decision import Effect
from gateway.authorization.facts import never_visible, viewer_grants
from gateway.authorization.in_force import PoliciesInForce, keeping
from gateway.policy.reload import PolicyKeeper
from schema.label import Label
from tests.gateway.authorization.people import VIEWER, facts
from tests.gateway.policy.conftest import Changed

WORKER = facts("TOWNSHIP_WORKER", "AFTERCARE", in_my_tree=True)
OPENS = (
    '@id("new") @basis("an article")\n'
    'permit (principal in Yiti::Role::"TOWNSHIP_WORKER", action in Yiti::Action::"see",'
    ' resource == Yiti::Label::"POLICE")\n'
    'when { principal.purpose == Yiti::Purpose::"AFTERCARE" && principal.inMyTree };\n'
)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteAuditLog]:
    opened = SqliteAuditLog(tmp_path / "audit.sqlite")
    yield opened
    await opened.aclose()


class Kept:
    """The log, and what was put into it."""

    def __init__(self, log: SqliteAuditLog) -> None:
        self._log = log
        self.records: list[EventRecord] = []
        self.told = asyncio.Event()

    async def append_event(self, record: EventRecord) -> EventEntry:
        entry = await self._log.append_event(record)
        self.records.append(record)
        self.told.set()
        return entry


@pytest.fixture
def directory(changed: Changed) -> Path:
    return changed()


@pytest.fixture
def policies(directory: Path) -> PoliciesInForce:
    return PoliciesInForce(CedarAuthorizer.load(directory))


@pytest.fixture
def kept(log: SqliteAuditLog) -> Kept:
    return Kept(log)


@pytest.fixture
def keeper(policies: PoliciesInForce, directory: Path, kept: Kept) -> PolicyKeeper:
    return PolicyKeeper(policies, directory, kept, jurisdiction="320000")


def _opened(policies: PoliciesInForce) -> bool:
    return policies.decide(WORKER)[Label.POLICE].effect is Effect.ALLOW


async def test_new_policies_decide_from_the_next_request_on(
    keeper: PolicyKeeper, policies: PoliciesInForce, directory: Path
) -> None:
    before = policies.policy_version
    assert not _opened(policies)
    (directory / "90_new.cedar").write_text(OPENS, encoding="utf-8")
    attempt = await keeper.reload("signal")
    assert attempt.accepted
    assert _opened(policies)
    assert policies.policy_version == attempt.version != before
    assert policies.basis("new") == "an article"
    assert policies.decide(WORKER).policy_version == attempt.version


async def test_a_request_finishes_under_the_policies_it_began_with(
    keeper: PolicyKeeper, policies: PoliciesInForce, directory: Path
) -> None:
    before = policies.policy_version
    began, may_go_on = asyncio.Event(), asyncio.Event()

    async def request() -> tuple[bool, str, bool, str]:
        with keeping(policies):
            first = _opened(policies)
            began.set()
            await may_go_on.wait()
            inner = await asyncio.create_task(_version(policies))
            return first, inner, _opened(policies), policies.policy_version

    running = asyncio.create_task(request())
    await began.wait()
    (directory / "90_new.cedar").write_text(OPENS, encoding="utf-8")
    await keeper.reload("signal")
    assert _opened(policies)
    may_go_on.set()
    assert await running == (False, before, False, before)


async def _version(policies: PoliciesInForce) -> str:
    return policies.policy_version


async def test_nothing_derived_under_one_version_is_found_under_another(
    keeper: PolicyKeeper, policies: PoliciesInForce, directory: Path
) -> None:
    hidden = never_visible(policies, VIEWER)
    told = viewer_grants(policies, VIEWER)
    decision = policies.decide(WORKER)
    assert Label.POLICE in hidden
    (directory / "90_new.cedar").write_text(OPENS, encoding="utf-8")
    await keeper.reload("signal")
    assert policies.decide.cache_info().currsize == 0  # type: ignore[attr-defined]  # an lru_cache
    assert policies.decide(WORKER) is not decision
    assert never_visible(policies, VIEWER) == hidden - {Label.POLICE}
    assert viewer_grants(policies, VIEWER) != told


async def test_bad_policies_are_refused_and_the_old_ones_stay(
    keeper: PolicyKeeper, policies: PoliciesInForce, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before, version = policies.decide(WORKER), policies.policy_version
    (directory / "90_new.cedar").write_text(OPENS.replace("POLICE", "POLISE"), encoding="utf-8")
    with caplog.at_level(logging.ERROR, "yiti.policy"):
        attempt = await keeper.reload("signal")
    assert not attempt.accepted
    assert (policies.policy_version, policies.decide(WORKER)) == (version, before)
    assert [finding.code for finding in attempt.findings] == ["POLICY_NAME_UNKNOWN"]
    assert "POLICY_NAME_UNKNOWN: 90_new.cedar:2" in caplog.text
    assert keeper.notice() == {"version": version, "refused": 1}
    assert (keeper.accepted, keeper.refused) == (0, 1)


async def test_what_was_refused_is_forgotten_once_it_is_mended(keeper: PolicyKeeper, directory: Path) -> None:
    new = directory / "90_new.cedar"
    new.write_text("permit (", encoding="utf-8")
    await keeper.reload("signal")
    new.unlink()
    assert (await keeper.reload("signal")).accepted
    assert keeper.notice() is None


async def test_each_attempt_is_on_record(keeper: PolicyKeeper, kept: Kept, directory: Path) -> None:
    await keeper.started()
    version = keeper.policies.policy_version
    (directory / "90_new.cedar").write_text(OPENS, encoding="utf-8")
    accepted = await keeper.reload("signal")
    await keeper.reload("signal")  # the same again is no event
    (directory / "91_new.cedar").write_text("permit (", encoding="utf-8")
    await keeper.reload("change")
    assert [(one.kind, one.action, one.outcome) for one in kept.records] == [
        (Kind.POLICY, "accepted", "OK"),
        (Kind.POLICY, "accepted", "OK"),
        (Kind.POLICY, "refused", "REFUSED"),
    ]
    start, second, third = (one.details for one in kept.records)
    assert (start["trigger"], start["version"]) == ("start", version)
    assert (second["version"], second["previous"]) == (accepted.version, version)
    assert (third["trigger"], third["code"], third["version"]) == ("change", "POLICY_SYNTAX", accepted.version)


async def test_what_cannot_be_put_on_record_does_not_come_into_force(
    keeper: PolicyKeeper, log: SqliteAuditLog, policies: PoliciesInForce, directory: Path
) -> None:
    version = policies.policy_version
    (directory / "90_new.cedar").write_text(OPENS, encoding="utf-8")
    await log.aclose()
    assert not (await keeper.reload("signal")).accepted
    assert policies.policy_version == version
    assert not _opened(policies)


class Turns:
    """A clock that another task turns on: each sleep ends when it is told to."""

    def __init__(self) -> None:
        self.slept: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def sleep(self, _seconds: float) -> None:
        woken = asyncio.Event()
        await self.slept.put(woken)
        await woken.wait()

    async def turn(self) -> None:
        (await self.slept.get()).set()


async def test_a_change_is_taken_once_it_has_settled(keeper: PolicyKeeper, directory: Path) -> None:
    turns = Turns()
    running = asyncio.create_task(keeper.run(5, sleep=turns.sleep))
    await turns.turn()  # nothing changed yet
    waiting = await turns.slept.get()
    new = directory / "90_new.cedar"
    new.write_text("permit (", encoding="utf-8")
    waiting.set()
    waiting = await turns.slept.get()
    new.write_text(OPENS, encoding="utf-8")  # written on while the keeper waits for it to settle
    waiting.set()
    await turns.turn()  # looks again: changed
    await turns.turn()  # still the same: settled
    waiting = await turns.slept.get()
    assert (keeper.accepted, keeper.refused) == (1, 0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_signal_is_answered_without_watching(keeper: PolicyKeeper, kept: Kept, directory: Path) -> None:
    (directory / "90_new.cedar").write_text(OPENS, encoding="utf-8")
    running = asyncio.create_task(keeper.run(0))
    await asyncio.sleep(0)
    assert keeper.accepted == 0
    keeper.ask()
    await kept.told.wait()
    async with keeper._one_at_a_time:
        assert keeper.accepted == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_two_gateways_in_one_process_do_not_share_what_a_request_keeps(changed: Changed) -> None:
    one, other = (PoliciesInForce(CedarAuthorizer.load(changed({"90_new.cedar": text}))) for text in ("", OPENS))
    with keeping(one):
        assert _opened(other)
        assert not _opened(one)
