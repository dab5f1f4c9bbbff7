"""FHIR R4 Bundles, read by manifest alone."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.responses import JSONResponse, Response

from adapters.contract import (
    Malformed,
)
from tests.adapters.over_http.conftest import OpenRest
from tests.adapters.over_http.loopback import Desk, a_call
from tests.adapters.over_http.rest_cases import record

ID_CARD = "urn:oid:2.16.156.10011.1.3"
FHIR = {
    "PersonRecord": {
        "dataset": "Patient",
        "key": "id",
        "keys": {
            "path": "Patient",
            "query": {"_count": "{size}"},
            "rows": "entry[].resource",
            "pages": {"kind": "cursor", "next": "link[?relation=='next'].url | [0]", "size": 2},
        },
        "fetch": {"path": "Patient", "query": {"_id": "{keys}"}, "rows": "entry[].resource", "batch": 20},
        "fields": {
            "name": {"path": "name[?use=='official'].text | [0]"},
            "idNumber": {"path": f"identifier[?system=='{ID_CARD}'].value | [0]"},
            "phones": {"path": "telecom[?system=='phone'].value"},
        },
    },
    "Treatment": {
        "dataset": "Encounter",
        "key": "id",
        "person": "after(subject.reference, '/')",
        "related": {"path": "Encounter", "query": {"patient": "{keys}"}, "rows": "entry[].resource", "batch": 20},
        "fields": {"startedOn": {"path": "period.start"}, "diagnosis": {"path": "reasonCode[0].text"}},
    },
}


def bundle(*resources: dict[str, Any], following: str | None = None) -> Response:
    links = [{"relation": "self", "url": "x"}, *([{"relation": "next", "url": following}] if following else [])]
    found = {"resourceType": "Bundle", "link": links}
    return JSONResponse(
        {**found, "entry": [{"resource": one} for one in resources]} if resources else found,
        media_type="application/fhir+json",
    )


def patient(number: int) -> dict[str, Any]:
    return {
        "id": f"p{number}",
        "name": [{"use": "nickname", "text": "阿四"}, {"use": "official", "text": "李四"}],
        "identifier": [{"system": "urn:mrn", "value": "9"}, {"system": ID_CARD, "value": "329901199001010015"}],
        "telecom": [{"system": "phone", "value": "13900000001"}, {"system": "phone", "value": "13900000002"}],
    }


async def test_a_fhir_bundle_is_read_by_manifest_alone(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda _: bundle(patient(1))
    adapter = opened(FHIR)
    found = record(await adapter.fetch("PersonRecord", ["p1", "p2"], ["name", "idNumber", "phones"], a_call()), "p1")
    assert found.values == {
        "name": "李四",
        "idNumber": "329901199001010015",
        "phones": ("13900000001", "13900000002"),
    }
    assert parse_qs(desk.seen[0].query) == {"_id": ["p1,p2"]}


async def test_a_fhir_reference_says_whose_a_resource_is(desk: Desk, opened: OpenRest) -> None:
    encounter = {"id": "e1", "subject": {"reference": "Patient/p2"}, "period": {"start": "2025-03-04T10:00:00+08:00"}}
    desk.reply = lambda _: bundle(encounter, {"id": "e2"})
    found = await opened(FHIR).related("Treatment", ["p1", "p2"], ["startedOn", "diagnosis"], a_call())
    assert set(found) == {"p2"}
    assert found["p2"][0].values == {"startedOn": date(2025, 3, 4), "diagnosis": None}


async def test_a_bundle_without_entries_is_empty(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda _: bundle()
    assert await opened(FHIR).related("Treatment", ["p1"], ["startedOn"], a_call()) == {}


async def test_a_bundles_next_link_is_followed(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda seen: (
        bundle(patient(2))
        if "page=2" in seen.query
        else bundle(patient(1), following=f"{desk.url}/api/Patient?page=2&t=a%20b")
    )
    adapter = opened(FHIR)
    first = await adapter.keys(a_call())
    second = await adapter.keys(a_call(), first.after)
    assert [entry.key for entry in (*first.entries, *second.entries)] == ["p1", "p2"]
    assert second.after is None
    assert desk.seen[1].query == "page=2&t=a%20b"


@pytest.mark.parametrize(
    "link", ["http://evil.example/api/Patient", "/other/Patient", "/api/../admin", "//evil.example/"]
)
async def test_a_next_link_that_leaves_the_base_is_not_followed(desk: Desk, opened: OpenRest, link: str) -> None:
    desk.reply = lambda _: bundle(patient(1), following=link)
    adapter = opened(FHIR)
    first = await adapter.keys(a_call())
    with pytest.raises(Malformed):
        await adapter.keys(a_call(), first.after)
    assert len(desk.seen) == 1
