"""Bad input and broken sources, met over HTTP: a clear error, nothing of anybody, the rest of the answer."""

from __future__ import annotations

import json

import pytest

from mocks.stage import Stage
from tests.provinces.asking import ask, post
from tests.provinces.interference import FAULTS, Interference

CARD = "query($id: ID!) { person(id: $id) { name currentMeasure { kind } support { grants { kind } } } }"


@pytest.mark.parametrize("mode", [*FAULTS, "silent"])
def test_a_source_that_fails_costs_its_own_fields_in_every_way_of_failing(
    stage: Stage, line: Interference, mode: str
) -> None:
    person = stage.person_id(stage.world.story("relief_applicant"))
    whole = ask(stage, "aftercare-officer", CARD, {"id": person})
    assert "errors" not in whole
    assert whole["data"]["person"]["support"]["grants"]
    with line.fault(mode):
        partial = ask(stage, "aftercare-officer", CARD, {"id": person})
    for kept in ("name", "currentMeasure"):
        assert partial["data"]["person"][kept] == whole["data"]["person"][kept] is not None
    assert not partial["data"]["person"]["support"]["grants"]
    (error,) = partial["errors"]
    assert error["extensions"]["code"] in {"SOURCE_UNAVAILABLE", "SOURCE_MALFORMED"}
    assert error["extensions"]["source"] == "jiangsu-civil-affairs"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "BAD_REQUEST"),
        (b"[]", 400, "BAD_REQUEST"),
        (b'{"query": 1}', 400, "BAD_REQUEST"),
        (b'{"query": "{ viewer { subject } }", "variables": []}', 400, "BAD_REQUEST"),
    ],
)
def test_a_body_that_is_no_request_is_refused(stage: Stage, body: bytes, status: int, code: str) -> None:
    answer = post(f"{stage.urls['jiangsu']}/graphql", body, stage.token("jiangsu", "auditor"))
    assert (answer[0], answer[1]["errors"][0]["extensions"]["code"]) == (status, code)


def test_no_token_and_a_forged_one_are_refused(stage: Stage) -> None:
    url = f"{stage.urls['jiangsu']}/graphql"
    body = json.dumps({"query": "{ viewer { subject } }"}).encode()
    genuine = stage.token("jiangsu", "auditor")
    other_province = stage.token("zhejiang", "auditor")
    head, payload, signature = genuine.split(".")
    for token in (None, "x", f"{head}.{payload}.{signature[:-6]}AAAAAA", f"{head}.{payload}.", other_province):
        status, answer = post(url, body, token)
        assert (status, answer["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


def test_an_unknown_field_names_its_place(stage: Stage) -> None:
    answer = ask(stage, "auditor", "{ viewer { nothing } }")
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "line 1" in answer["errors"][0]["message"]
    assert "data" not in answer


def test_bad_variables_are_named_and_not_repeated(stage: Stage) -> None:
    number = stage.world.story("hiv").id_number
    answer = ask(
        stage, "clerk", "query($d: DocumentInput!){ lookup(document: $d) { id } }", {"d": {"number": [number]}}
    )
    assert answer["errors"][0]["extensions"]["code"] == "BAD_VARIABLES"
    assert str(number) not in json.dumps(answer)
