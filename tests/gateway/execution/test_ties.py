"""Ties that begin and end by themselves, alone and as they open and close a person's file."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.execution.ties import LONGEST, is_awaited, is_bound, is_closed
from tests.gateway.execution.world import ANN, TODAY, TOKENS, record
from tests.gateway.registers.counter import counter
from tests.schema.test_derived import row

DAY = timedelta(days=1)
ME = "ORG-1"
ANN_ID = TOKENS.mint(ANN) or ""


@pytest.mark.parametrize(
    ("signed", "ends", "bound"),
    [
        (TODAY, None, True),
        (TODAY, TODAY + DAY, True),
        (TODAY - DAY, TODAY, False),
        (TODAY + DAY, None, False),
        (None, TODAY + DAY, False),
        (TODAY - LONGEST + DAY, None, True),
        (TODAY - LONGEST, None, False),
    ],
)
def test_an_agreement_binds_from_its_day_to_its_end(signed: date | None, ends: date | None, bound: bool) -> None:
    agreement = row("Agreement", agencyCode=ME, signedOn=signed, endsOn=ends)
    assert is_bound([agreement], ME, TODAY) is bound
    assert not is_bound([agreement], "ORG-2", TODAY)


@pytest.mark.parametrize(
    ("values", "awaited"),
    [
        ({"kind": "COMMUNITY_RECOVERY", "orderedOn": TODAY}, True),
        ({"kind": "COMMUNITY_RECOVERY", "orderedOn": TODAY - LONGEST}, False),
        ({"kind": "COMMUNITY_RECOVERY", "orderedOn": TODAY - DAY, "startsOn": TODAY - DAY}, True),
        ({"kind": "COMMUNITY_RECOVERY", "orderedOn": TODAY - DAY, "reportedOn": TODAY}, False),
        ({"kind": "COMMUNITY_RECOVERY", "orderedOn": TODAY - DAY, "endedOn": TODAY}, False),
        ({"kind": "COMPULSORY_ISOLATION", "startsOn": TODAY + DAY}, True),
        ({"kind": "COMPULSORY_ISOLATION", "startsOn": TODAY}, False),
        ({"kind": "COMPULSORY_ISOLATION", "orderedOn": TODAY - DAY}, True),
        ({"kind": "COMPULSORY_ISOLATION"}, False),
    ],
)
def test_a_measure_is_awaited_from_its_order_to_its_beginning(values: dict[str, Any], awaited: bool) -> None:
    measure = row("Measure", agencyCode=ME, **values)
    assert is_awaited(measure, TODAY) is awaited


@pytest.mark.parametrize(
    ("ends", "closed"),
    [
        ([], False),
        ([TODAY - LONGEST - DAY], True),
        ([TODAY - LONGEST], False),
        ([TODAY - LONGEST - DAY, TODAY - DAY], False),
        ([TODAY - LONGEST - DAY, None], False),
    ],
)
def test_a_file_closes_when_its_last_measure_ended_long_ago(ends: list[date | None], closed: bool) -> None:
    assert is_closed([row("Measure", endedOn=end) for end in ends], TODAY) is closed


SEEN = "query S($id: ID!) { person(id: $id) { name cases { totalCount } drugUse { firstUsedOn } } }"
WORKER = {"role": "SOCIAL_WORKER", "purpose": "AFTERCARE", "agency": ME, "agency_kind": "SOCIAL_WORK"}


def _with(**rows: Any) -> dict[str, Any]:
    person = record("police", "1", name="安娜", residenceCode="320102", firstUsedOn=date(2015, 1, 1))
    return {"police": {ANN_ID: {"PersonRecord": [person], **rows}}}


@pytest.mark.parametrize(("ends", "known"), [(TODAY + DAY, True), (TODAY, False)])
async def test_a_social_worker_sees_by_an_agreement_in_force(tmp_path: Path, ends: date, known: bool) -> None:
    agreement = record("police", "g1", "1", kind="AFTERCARE", agencyCode=ME, signedOn=date(2026, 1, 1), endsOn=ends)
    desk = counter(tmp_path, people=_with(Agreement=[agreement]))
    found = (await desk.ask(SEEN, {"id": ANN_ID}, **WORKER))["data"]["person"]
    assert (found is not None) == known
    assert found is None or found["drugUse"] == {"firstUsedOn": None}


async def test_a_township_sees_whom_an_order_sends_to_it_until_they_report(tmp_path: Path) -> None:
    township = {"role": "TOWNSHIP_WORKER", "purpose": "HANDOFF", "agency": ME, "jurisdiction": "330482901"}
    order = {"kind": "COMMUNITY_RECOVERY", "agencyCode": ME, "orderedOn": TODAY - DAY}
    waiting = counter(tmp_path / "a", people=_with(Measure=[record("police", "m1", "1", **order)]))
    assert (await waiting.ask(SEEN, {"id": ANN_ID}, **township))["data"]["person"]["name"] == "安娜"
    other = counter(
        tmp_path / "b", people=_with(Measure=[record("police", "m1", "1", **{**order, "agencyCode": "X"})])
    )
    assert (await other.ask(SEEN, {"id": ANN_ID}, **township))["data"]["person"] is None


async def test_a_closed_file_keeps_its_measures_to_itself(tmp_path: Path) -> None:
    ended = {
        "kind": "COMMUNITY_RECOVERY",
        "agencyCode": "X",
        "startsOn": date(2018, 1, 1),
        "reportedOn": date(2018, 1, 1),
    }
    measure = record("police", "m1", "1", **ended, endedOn=date(2021, 1, 1))
    desk = counter(tmp_path, people=_with(Measure=[measure]))
    found = (await desk.ask(SEEN, {"id": ANN_ID}))["data"]["person"]
    assert (found["name"], found["cases"]) == ("安娜", None)


async def test_a_case_number_opens_the_grounds_of_that_very_decision(tmp_path: Path) -> None:
    decision = record("police", "d1", "1", kind="EXTENSION", number="宁公（2026）7号", decidedOn=date(2026, 3, 1))
    desk = counter(tmp_path, people=_with(Decision=[decision]))
    officer = {"role": "POLICE_CASE_OFFICER", "purpose": "STATUTORY_QUERY", "agency": "P", "jurisdiction": "330000"}
    for number, opened in (("宁公（2026）7号", "2015-01-01"), ("宁公（2026）8号", None)):
        found = (await desk.ask(SEEN, {"id": ANN_ID}, **officer, case_number=number))["data"]["person"]
        assert found["drugUse"] == {"firstUsedOn": opened}
