"""What is told beside the answer gives nothing away: masks, reasons, logs, traces, failures; and no way to ask on."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from gateway.authorization.masks import apply, harden
from gateway.errors import GatewayError, LimitExceeded
from gateway.execution.document import Documents, OperationRefused, choose
from schema.codes import check_digit
from schema.entities import Kind
from schema.label import Label
from tests.gateway.authorization.people import facts
from tests.gateway.execution.world import ANN, SCHEMA
from tests.gateway.registers.counter import (
    ANN_ID,
    AUTHORIZER,
    BEN_ID,
    Counter,
    counter,
    person_themselves,
)
from tests.threats.threats import threat
from tests.threats.town import EVERYTHING, SECRETS, clerk, people, stranger, township

ROSTER = "query($f: PersonFilter!) { persons(filter: $f) { totalCount edges { node { id } } } }"
NAME = "query($id: ID!) { person(id: $id) { name phones } }"


@pytest.fixture(params=[False, True], ids=["ours", "reference"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Counter:
    return counter(tmp_path, people=people(), reference=request.param)


@threat(21)
async def test_many_aliases_in_one_request_are_refused_or_cost_one_reading(desk: Counter) -> None:
    wide = "{ " + " ".join(f'a{n}: lookup(document: {{number: "{n:018d}"}}) {{ id }}' for n in range(400)) + " }"
    with pytest.raises(LimitExceeded):
        await desk.ask(wide, **township())
    calls = " ".join(f'a{n}: person(id: "{ANN_ID}") {{ id }}' for n in range(5))
    await desk.ask("{ " + calls + " }", **township())
    assert all(one.persons == (ANN_ID,) for one in desk.audit.kept)


@threat(22)
@pytest.mark.parametrize("other", [Label.IDENTITY, Label.CONTACT])
def test_a_masked_number_beside_a_birth_date_leaves_hundreds(other: Label) -> None:
    assert harden("id_edges", Label.ID_NUMBER, [other]) == "id_ends"
    shown = str(apply("id_ends", ANN, Kind.ID_NUMBER))
    assert re.fullmatch(r"3\*{16}[\dX]", shown)
    body, fits = ANN[:14], 0
    for number in range(1000):
        fits += check_digit(f"{body}{number:03}") == ANN[-1]
    assert fits > 50
    assert apply("year_only", date(1990, 5, 6), Kind.DATE) == date(1990, 1, 1)
    assert apply("region_only", "320102003", Kind.CODE) == "320102"
    assert apply("no such mask", ANN, Kind.ID_NUMBER) is None


@threat(27)
async def test_sealed_and_far_away_and_unknown_give_no_other_reason(desk: Counter) -> None:
    query = f"query($id: ID!) {{ person(id: $id) {{ {EVERYTHING} }} }}"
    sealed = await desk.ask(query, {"id": BEN_ID}, **township())
    far = await desk.ask(query, {"id": ANN_ID}, **stranger())
    assert sealed == far == {"data": {"person": None}}
    some = await desk.ask(query, {"id": ANN_ID}, **clerk())
    reasons = {one["reason"] for one in some["extensions"]["authorization"]}
    assert reasons <= {"granted", "masked", "not_permitted"}
    assert "sealed" not in repr(some).lower()
    assert len(some["extensions"]["authorization"]) == len(
        {one["path"] for one in some["extensions"]["authorization"]}
    )


@threat(28)
def test_what_guards_a_person_never_opens_and_a_tie_never_closes() -> None:
    for role in ("TOWNSHIP_WORKER", "AFTERCARE_OFFICER", "POLICE_CASE_OFFICER", "HOSPITAL_DOCTOR", "AUDITOR"):
        for purpose in ("HANDOFF", "AFTERCARE", "TREATMENT", "STATUTORY_QUERY", "AUDIT"):
            near = facts(role, purpose, responsible=True, formerly=True, in_my_tree=True)
            more = AUTHORIZER.decide(near)
            for guard in ("record_sealed", "file_sealed", "minor", "control_lifted"):
                less = AUTHORIZER.decide(replace(near, **{guard: True}))
                assert all(less[label].effect <= more[label].effect for label in Label), (role, purpose, guard)
            alone = AUTHORIZER.decide(facts(role, purpose))
            assert all(alone[label].effect <= more[label].effect for label in Label)


@threat(26, 33)
async def test_neither_logs_nor_records_nor_traces_hold_a_value(
    desk: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    query = f"query Card($n: String!) {{ lookup(document: {{number: $n}}) {{ {EVERYTHING} }} }}"
    body = await desk.ask(query, {"n": ANN}, **person_themselves())
    assert body["data"]["lookup"]["name"] == "安娜"
    await desk.ask(ROSTER, {"f": {"name": {"eq": "安娜"}}}, **township())
    with pytest.raises(GatewayError):
        await desk.ask(query, {"n": [ANN]}, **person_themselves())
    kept = repr([*desk.audit.kept, *desk.audit.events]) + caplog.text + repr(body["extensions"])
    assert not [secret for secret in SECRETS if secret in kept]


@threat(31)
async def test_a_subscription_is_refused(desk: Counter) -> None:
    with pytest.raises(GatewayError):
        await desk.ask("subscription { person { name } }", **township())


@threat(31)
def test_no_subscription_is_run_even_if_the_schema_had_one() -> None:
    found = Documents(SCHEMA).get("{ viewer { subject } }")
    (operation,) = parse("subscription { viewer { subject } }").definitions
    assert isinstance(operation, OperationDefinitionNode)
    with pytest.raises(OperationRefused, match="Only queries and mutations"):
        choose(replace(found, operations={"": operation}), None)


@threat(33)
async def test_a_failure_inside_tells_neither_caller_nor_log_what_it_was_about(
    desk: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sources: Any = desk.engine._house.sources

    async def fail(*_given: object, **_named: object) -> None:
        raise RuntimeError(f"no such row: 安娜 {ANN}")

    sources.read = fail
    body = await desk.ask(NAME, {"id": ANN_ID}, **township())
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert not [secret for secret in SECRETS if secret in repr(body) + caplog.text]
