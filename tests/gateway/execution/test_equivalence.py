"""Our executor and graphql-core give the same answer, byte for byte, and the same errors, on whatever is asked."""

from __future__ import annotations

import os
import re
import time
from typing import Any

import orjson
from graphql import parse, validate
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from gateway.errors import LimitExceeded
from gateway.execution.engine import Request
from tests.gateway.execution.random_world import Dice
from tests.gateway.execution.world import SCHEMA


async def _answers(number: int) -> tuple[str, dict[str, Any], dict[str, Any]]:
    found = []
    query = ""
    for reference in (True, False):
        dice = Dice(number)
        small = dice.house(reference=reference)
        query = dice.query()
        try:
            answer = await small.engine.answer(Request(query, None, dice.variables()), dice.viewer(), "r-1")
        except LimitExceeded as refused:  # before anything is executed, so by both
            found.append({"data": None, "errors": [{"message": refused.message}]})
        else:
            found.append(dict(answer.body))
    return query, found[0], found[1]


def _errors(body: dict[str, Any]) -> list[str]:
    plain = [{key: error.get(key) for key in ("message", "path", "extensions")} for error in body.get("errors", ())]
    return sorted(orjson.dumps(one, option=orjson.OPT_SORT_KEYS).decode() for one in plain)


async def _hold(number: int) -> None:
    query, expected, ours = await _answers(number)
    assert orjson.dumps(ours["data"]) == orjson.dumps(expected["data"]), f"seed {number}: {query}"
    if expected["data"] is None:
        # A root that may not be null has failed: which of its siblings' errors are still heard is left open.
        assert set(_errors(expected)) <= set(_errors(ours)), f"seed {number}: {query}"
        return
    assert _errors(ours) == _errors(expected), f"seed {number}: {query}"
    assert not any('"INTERNAL"' in error for error in _errors(ours)), f"seed {number}: {query}"
    assert ours.get("extensions", {}).keys() == expected.get("extensions", {}).keys(), f"seed {number}"
    # Roots run side by side, so only their order among each other may differ.
    told = [
        sorted(map(orjson.dumps, body.get("extensions", {}).get("authorization", ()))) for body in (expected, ours)
    ]
    assert told[0] == told[1], f"seed {number}: {query}"


@seed(20260101)
@settings(max_examples=100)
@given(st.integers(0, 10**9))
async def test_both_executors_give_the_same_answer(number: int) -> None:
    await _hold(number)


async def test_what_a_directive_leaves_out_is_left_out_for_that_request_alone() -> None:
    """What is kept of a document is kept for each choice of its switches, and for each operation."""
    small = Dice(7).house(reference=False)
    query = "query($no: Boolean!) { viewer { subject roles @skip(if: $no) purpose @include(if: $no) } }"
    answers = [
        (await small.engine.answer(Request(query, None, {"no": no}), Dice(7).viewer(), "r-1")).body["data"]["viewer"]
        for no in (True, False, True)
    ]
    assert [sorted(one) for one in answers] == [["purpose", "subject"], ["roles", "subject"], ["purpose", "subject"]]


def test_the_random_queries_are_valid_and_reach_deep() -> None:
    queries = [Dice(number).query() for number in range(60)]
    valid = [query for query in queries if not validate(SCHEMA, parse(query))]
    assert len(valid) == len(queries)
    everything = " ".join(queries)
    for word in (
        "... on CompulsoryIsolation",
        "@skip",
        "...Held",
        "_entities",
        "accesses(filter",
        "summary",
        "cases(first",
        "conflicts",
        "eligibility",
    ):
        assert word in everything
    assert len(set(re.findall(r"[a-zA-Z]+", everything))) > 150


async def test_both_executors_for_as_long_as_is_asked() -> None:
    """`make equivalence` gives it minutes; otherwise it looks at a few seeds of its own."""
    seconds = float(os.environ.get("YITI_EQUIVALENCE_SECONDS", "0"))
    number = int(os.environ.get("YITI_EQUIVALENCE_SEED", "1000000000"))
    until, done = time.monotonic() + seconds, 0
    while done < 10 or time.monotonic() < until:
        await _hold(number + done)
        done += 1
    print(f"{done} random operations from seed {number}: no difference")
    assert done >= 10
