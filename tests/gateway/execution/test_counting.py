"""Counts tell of many and single out nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gateway.authorization.decision import Facts
from gateway.execution.counting import SMALLEST, told
from schema.label import Label
from tests.gateway.execution.world import TOKENS, record
from tests.gateway.registers.counter import Counter, code_of, counter

TABLE = """query T($region: String!) { peopleCounts(jurisdiction: $region) {
  total complete cells { jurisdiction { code } status people } byJurisdiction { jurisdiction { code } people }
  byStatus { status people } } }"""
STATISTICIAN = {
    "role": "STATISTICIAN",
    "purpose": "STATISTICS",
    "agency_kind": "STATISTICS",
    "jurisdiction": "320000",
}


def people(places: Mapping[str, int], *, sealed: bool = False) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for place, count in places.items():
        for _ in range(count):
            key = str(len(found))
            token = TOKENS.mint_local("police", key)
            found[token] = {
                "PersonRecord": [record("police", key, residenceCode=place, sealed=sealed)],
                "Measure": [record("police", f"m{key}", key, kind="COMPULSORY_ISOLATION", startsOn=date(2026, 1, 1))],
            }
    return {"police": found}


async def table(desk: Counter, region: str = "320000", **who: Any) -> Any:
    return (await desk.ask(TABLE, {"region": region}, **(who or STATISTICIAN)))["data"]["peopleCounts"]


async def test_a_table_shows_parts_and_status_in_steps_of_five(tmp_path: Path) -> None:
    desk = counter(tmp_path, people=people({"320102": 7, "320205": 12, "320301": 4, "330106": 9}))
    found = await table(desk)
    assert found["total"] == 20  # 23, of which four are nowhere else to be seen
    assert {cell["jurisdiction"]["code"]: cell["people"] for cell in found["cells"]} == {"320100": 5, "320200": 10}
    assert {cell["jurisdiction"]["code"] for cell in found["byJurisdiction"]} == {"320100", "320200"}
    assert found["byStatus"] == [{"status": "IN_ISOLATION", "people": 20}]
    assert found["complete"] is True


async def test_sealed_people_are_counted_and_not_shown(tmp_path: Path) -> None:
    desk = counter(tmp_path, people=people({"320102": 6}, sealed=True))
    assert (await table(desk))["total"] == 5


async def test_few_and_nobody_are_one_answer(tmp_path: Path) -> None:
    few, nobody = counter(tmp_path / "a", people=people({"320102": 4})), counter(tmp_path / "b", people=people({}))
    assert await table(few) == await table(nobody)


@pytest.mark.parametrize(
    "who",
    [
        {**STATISTICIAN, "jurisdiction": "330000"},
        {**STATISTICIAN, "purpose": "AUDIT"},
        {**STATISTICIAN, "role": "AFTERCARE_OFFICER"},
        {"role": "AFTERCARE_OFFICER", "purpose": "AFTERCARE", "jurisdiction": "320000"},
        {"role": "SUBJECT", "purpose": "OWN_ACCESS", "person": TOKENS.mint_local("police", "0")},
    ],
)
async def test_nobody_else_counts_and_nothing_is_read_for_them(tmp_path: Path, who: dict[str, Any]) -> None:
    desk = counter(tmp_path, people=people({"320102": 9}))
    assert await table(desk, **who) is None
    assert desk.audit.kept[-1].sources == ()


async def test_supervisors_count_their_own_region(tmp_path: Path) -> None:
    desk = counter(tmp_path, people=people({"320102": 9, "320205": 9}))
    supervisor = {**STATISTICIAN, "role": "SUPERVISOR", "jurisdiction": "320100"}
    assert (await table(desk, "320100", **supervisor))["total"] == 5
    assert await table(desk, "320000", **supervisor) is None


async def test_only_whom_the_policies_let_one_count_is_counted(tmp_path: Path) -> None:
    """Who lies in the region is not counted by that alone: each person's own decision says whether they are."""
    desk = counter(tmp_path, people=people({"320102": 9, "320205": 6}))
    office: Any = desk.engine._office

    class NotEverybody:
        decide, basis, policy_version = office.permits.decide, office.permits.basis, office.permits.policy_version

        def permitted(self, facts: Facts, action: str) -> Mapping[Label, tuple[str, ...]]:
            return {} if facts.record_sealed else office.permits.permitted(facts, action)

    rows: Any = desk.sources.rows
    for token in list(rows["police"])[:5]:
        (one,) = rows["police"][token]["PersonRecord"]
        rows["police"][token]["PersonRecord"] = [structs.replace(one, values={**one.values, "sealed": True})]
    assert (await table(desk))["total"] == 15
    desk.engine._office = replace(office, permits=NotEverybody())
    assert (await table(desk))["total"] == 10


async def test_who_counts_never_sees_a_row(tmp_path: Path) -> None:
    desk = counter(tmp_path, people=people({"320102": 9}))
    query = """query R($id: ID!) { person(id: $id) { id }
      persons(filter: {residence: {under: "320000"}}) { totalCount edges { node { id } } } }"""
    token = TOKENS.mint_local("police", "0")
    body = await desk.ask(query, {"id": token}, **STATISTICIAN)
    assert body["data"] == {"person": None, "persons": {"totalCount": 0, "edges": []}}
    labels = await desk.ask("{ viewer { labels { label effect } } }", **STATISTICIAN)
    assert {one["label"] for one in labels["data"]["viewer"]["labels"] if one["effect"] != "DENY"} == {"PUBLIC"}


async def test_a_count_is_on_record_and_names_nobody(tmp_path: Path) -> None:
    desk = counter(tmp_path, people=people({"320102": 9}))
    await table(desk)
    (entry,) = desk.audit.kept
    assert (entry.persons, entry.operation, entry.outcome) == ((), "T", "OK")
    assert {one.source for one in entry.sources} == {"police"}


async def test_what_is_no_region_is_said(tmp_path: Path) -> None:
    desk = counter(tmp_path, people=people({}))
    assert code_of(await desk.ask(TABLE, {"region": "32"}, **STATISTICIAN)) == "BAD_ARGUMENT"


@given(st.integers(0, 10_000), st.integers(0, 4))
def test_no_two_counts_differ_by_fewer_than_the_smallest(count: int, more: int) -> None:
    one, other = told(count), told(count + more)
    assert (other or 0) - (one or 0) in (0, SMALLEST)
    assert one is None or (one <= count < one + SMALLEST and one >= SMALLEST)
