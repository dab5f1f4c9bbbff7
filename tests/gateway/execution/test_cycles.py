"""No answer leaves a circle of objects behind: nothing for the garbage collector to look for, so no pause from it.

An answer with an error may: an exception and its frames know each other.
"""

from __future__ import annotations

import gc

import pytest

from gateway.execution.engine import Request
from tests.gateway.execution.test_engine import ANN_ID, two_agencies
from tests.gateway.execution.world import viewer

ONE = """query One($id: ID!) { person(id: $id) {
  name residence { jurisdiction { name } } conflicts { field because } records { source { id } }
  cases { edges { cursor node {
    openedOn stage measures { kind startsOn agency { name } } timeline { totalCount }
  } } }
} }"""
LIST = """{ persons(filter: { residence: { under: "320100" } }, orderBy: { field: BIRTH_DATE, direction: ASC }) {
  totalCount pageInfo { endCursor }
  edges { cursor node { id name cases(first: 1) { edges { node { stage } } } } }
} }"""
REFUSED = """query One($id: ID!) { person(id: $id) { idNumber family { name } drugUse { substances } } }"""


@pytest.mark.parametrize("query", [ONE, LIST, REFUSED], ids=["one", "list", "refused"])
async def test_an_answer_leaves_no_circle(query: str) -> None:
    small = two_agencies()
    variables = {"id": ANN_ID} if "$id" in query else {}
    for _ in range(2):  # what is kept with the document is kept on purpose
        await small.engine.answer(Request(query, None, variables), viewer(), "r-1")
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            await small.engine.answer(Request(query, None, variables), viewer(), "r-1")
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_circle_would_be_found() -> None:
    gc.collect()
    gc.disable()
    try:
        circle: list[object] = []
        circle.append(circle)
        del circle
        assert gc.collect() == 1
    finally:
        gc.enable()
