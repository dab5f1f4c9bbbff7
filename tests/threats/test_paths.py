"""What is denied stays denied on every way to it: names, paths, edges, payloads, errors, introspection."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import strawberry

from gateway.errors import GatewayError
from gateway.execution.document import Documents
from schema.declare import DeclarationError, sourced
from schema.derived import Derivation, DerivationError
from schema.entities import ENTITIES, column
from schema.label import Label
from schema.labelling import check
from tests.gateway.execution.world import SCHEMA, TOKENS
from tests.gateway.registers.counter import ANN_ID, BEN_ID, OPEN, Counter, counter, doctor, emergency_input
from tests.threats.threats import threat
from tests.threats.town import EVERYTHING, SECRETS, clerk, people, stranger, township


@pytest.fixture(params=[False, True], ids=["ours", "reference"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Counter:
    return counter(tmp_path, people=people(), reference=request.param)


def leaked(body: object, *but: str) -> list[str]:
    return [secret for secret in SECRETS if secret not in but and secret in repr(body)]


def _named() -> Any:
    return sourced(ENTITIES["PersonRecord"]["name"])


def _showing(card: Any) -> strawberry.federation.Schema:
    query = type("Query", (), {"__annotations__": {"card": card | None}, "card": None})
    return strawberry.federation.Schema(strawberry.type(query))


@threat(1, 11)
def test_a_labelled_field_that_may_not_be_null_does_not_start() -> None:
    card = strawberry.type(type("Card", (), {"__annotations__": {"name": str}, "name": _named()}))
    with pytest.raises(DeclarationError, match="not nullable"):
        check(_showing(card))


@threat(1)
def test_an_unlabelled_field_beside_labelled_ones_does_not_start() -> None:
    fields = {"name": str | None, "phone": str | None}
    card = strawberry.type(type("Card", (), {"__annotations__": fields, "name": _named(), "phone": None}))
    with pytest.raises(DeclarationError, match=r"Card\.phone: bears no label"):
        check(_showing(card))


@threat(2)
async def test_aliases_fragments_and_interfaces_show_no_more(desk: Counter) -> None:
    query = (
        "query($id: ID!, $people: [_Any!]!) { node(id: $id) { a: id ... on Person { b: name ...F } ...F }"
        " _entities(representations: $people) { ...F ... on Person { again: phones } } }"
        " fragment F on Person { x: name y: family { z: name } h: health { t: treatments { d: diagnosis } }"
        f" {EVERYTHING} }}"
    )
    asked = {"id": ANN_ID, "people": [{"__typename": "Person", "id": ANN_ID}]}
    assert not leaked(await desk.ask(query, asked, **clerk()))
    assert not leaked(await desk.ask(query, asked, **stranger()))


@threat(3)
async def test_every_path_to_a_person_shows_the_same(desk: Counter) -> None:
    query = (
        f"query($id: ID!, $people: [_Any!]!) {{ person(id: $id) {{ {EVERYTHING}"
        f" cases {{ edges {{ node {{ id person {{ {EVERYTHING} }} }} }} }} }}"
        f" node(id: $id) {{ ... on Person {{ {EVERYTHING} }} }}"
        f" _entities(representations: $people) {{ ... on Person {{ {EVERYTHING} }} }}"
        f' persons(filter: {{residence: {{under: "320102"}}}}) {{ edges {{ node {{ {EVERYTHING} }} }} }} }}'
    )
    asked = {"id": ANN_ID, "people": [{"__typename": "Person", "id": ANN_ID}]}
    body = await desk.ask(query, asked, **township())
    data = body["data"]
    seen = data["person"]
    (edge,) = seen.pop("cases")["edges"]
    (listed,) = data["persons"]["edges"]
    assert seen["name"] == "安娜"
    assert seen == edge["node"]["person"] == data["node"] == data["_entities"][0] == listed["node"]
    assert not leaked(body, "安娜", "13900000000", "示例街道")


@threat(4)
def test_a_derived_field_under_an_open_label_needs_its_reason() -> None:
    with pytest.raises(DerivationError):
        Derivation("told", Label.PUBLIC, "示例", (column("PersonRecord", "name"),), lambda _file, _day: None)


@threat(10)
async def test_no_error_repeats_a_value_or_suggests_a_field(desk: Counter) -> None:
    for query in ("{ person(id: 安娜) { nam } }", '{ persons(filter: {nam: {eq: "安娜"}}) { totalCount } }'):
        with pytest.raises(GatewayError) as refused:
            await desk.ask(query, **clerk())
        assert "Did you mean" not in str(refused.value.formatted)
        assert "安娜" not in str(refused.value.formatted)
    body = await desk.ask('{ persons(filter: {name: {eq: "安娜"}}, after: "安娜") { totalCount } }', **township())
    assert body["errors"][0]["extensions"]["code"] == "BAD_CURSOR"
    assert "安娜" not in repr(body)


@threat(11)
async def test_a_denial_takes_nothing_with_it_that_may_be_seen(desk: Counter) -> None:
    query = (
        f"query($id: ID!) {{ person(id: $id) {{ id {EVERYTHING} eligibility(for: TEMPORARY_RELIEF) {{ eligible }} }}"
        " }"
    )
    body = await desk.ask(query, {"id": ANN_ID}, **clerk())
    person = body["data"]["person"]
    assert "errors" not in body
    assert person["eligibility"] == {"eligible": True}
    assert (person["name"], person["health"], person["family"]) == (
        None,
        {"hivPositive": None, "treatments": None},
        None,
    )


@threat(12)
async def test_introspection_names_labels_of_fields_and_nothing_of_anybody(desk: Counter) -> None:
    body = await desk.ask('{ __type(name: "Person") { fields { name description } } __schema { types { name } } }')
    assert body["data"]["__type"]["fields"]
    assert not leaked(body)
    shut = Documents(SCHEMA, introspection=False)
    with pytest.raises(GatewayError):
        shut.get('{ __type(name: "Person") { name } }')


@threat(16)
async def test_what_a_mutation_returns_is_masked_like_a_query(desk: Counter) -> None:
    payload = OPEN.replace("breakGlass { id state expiresAt }", f"person {{ {EVERYTHING} }}")
    body = await desk.ask(payload, {"input": emergency_input(labels=["IDENTITY"])}, **doctor())
    assert body["data"]["breakGlass"]["person"]["name"] == "安娜"
    assert not leaked(body, "安娜")


@threat(23)
async def test_an_edge_tells_a_clerk_of_no_case(desk: Counter) -> None:
    query = (
        "query($id: ID!) { person(id: $id) { cases { totalCount edges { node { id } } } currentMeasure { kind }"
        " status drugUse { firstUsedOn } family { name } records { recordId } } }"
    )
    person = (await desk.ask(query, {"id": ANN_ID}, **clerk()))["data"]["person"]
    assert person.pop("records")  # that she is known, the clerk may know
    assert person == {
        "cases": None,
        "currentMeasure": None,
        "status": None,
        "drugUse": {"firstUsedOn": None},
        "family": None,
    }
    case = await desk.ask(
        "query($id: ID!) { person(id: $id) { cases { edges { node { id } } } } }", {"id": ANN_ID}, **township()
    )
    (edge,) = case["data"]["person"]["cases"]["edges"]
    asked = {"id": edge["node"]["id"]}
    assert (await desk.ask("query($id: ID!) { case(id: $id) { id } }", asked, **clerk()))["data"] == {"case": None}


@threat(9)
@pytest.mark.parametrize("root", ["person", "node", "lookup", "_entities"])
async def test_unknown_and_not_yours_are_alike_in_every_byte(desk: Counter, root: str) -> None:
    unknown = TOKENS.mint("329901199101010020") or TOKENS.mint_local("nowhere", "2")
    calls = {
        "person": "query($id: ID!) { person(id: $id) { id name } }",
        "node": "query($id: ID!) { node(id: $id) { id } }",
        "lookup": "query($id: String!) { lookup(document: {number: $id}) { id name } }",
        "_entities": (
            'query($id: String!) { _entities(representations: [{__typename: "Person", id: $id}]) { __typename } }'
        ),
    }
    pairs: dict[str, tuple[Any, Any]] = {"lookup": (SECRETS[1], "329901199101010020")}
    mine, theirs = pairs.get(root, (ANN_ID, unknown))
    seen = await desk.ask(calls[root], {"id": mine}, **stranger())
    missed = await desk.ask(calls[root], {"id": theirs}, **stranger())
    assert seen == missed
    assert next(iter(seen["data"].values())) in (None, [None])
    assert (await desk.ask(calls[root], {"id": mine}, **township()))["data"] != seen["data"]


@threat(9)
async def test_a_change_to_somebody_unknown_and_not_yours_is_one_refusal(desk: Counter) -> None:
    query = "mutation($i: RecordConsentInput!) { recordConsent(input: $i) { consent { id } } }"
    given = {"recipient": {"agency": "X1"}, "purpose": "TREATMENT", "labels": ["HEALTH"], "expiresOn": "2026-12-01"}
    answers = [
        await desk.ask(query, {"i": {**given, "person": one}}, **stranger())
        for one in (BEN_ID, TOKENS.mint_local("nowhere", "3"))
    ]
    assert answers[0] == answers[1]
    assert answers[0]["errors"][0]["extensions"]["code"] == "NOT_PERMITTED"


@threat(9, 27)
async def test_a_change_to_somebody_sealed_in_ones_region_is_as_to_somebody_unknown(desk: Counter) -> None:
    """Whoever lives here could be asked for a consent, were it not that nobody may know of them."""
    query = "mutation($i: RecordConsentInput!) { recordConsent(input: $i) { consent { id } } }"
    paper = {"documentNumber": "戒同字〔2026〕12号"}
    given = {"recipient": {"agency": "X00001"}, "purpose": "TREATMENT", "labels": ["HEALTH"], "paper": paper}
    given["expiresOn"] = "2026-12-01"
    answers = {
        one: await desk.ask(query, {"i": {**given, "person": one}}, role="AFTERCARE_OFFICER")
        for one in (ANN_ID, BEN_ID, TOKENS.mint_local("nowhere", "3"))
    }
    open_one, sealed, unknown = answers.values()
    assert "errors" not in open_one
    assert sealed == unknown
    assert sealed["errors"][0]["extensions"]["code"] == "NOT_PERMITTED"


@threat(15)
async def test_what_a_clerk_can_never_see_is_not_read(desk: Counter) -> None:
    sources: Any = desk.engine._house.sources
    await desk.ask(f"query($id: ID!) {{ person(id: $id) {{ {EVERYTHING} }} }}", {"id": ANN_ID}, **clerk())
    needed = {name for _, needs in sources.asked for name in needs["PersonRecord"]}
    assert needed.isdisjoint({"name", "idNumber", "phones", "substances", "hivPositive", "firstUsedOn"})
    assert not any("FamilyMember" in needs or "Treatment" in needs for _, needs in sources.asked)


def test_the_people_are_as_the_attacks_take_them() -> None:
    held = people()["police"]
    assert held[BEN_ID]["PersonRecord"][0].values["sealed"] is True
    assert held[ANN_ID]["PersonRecord"][0].values["birthDate"] == date(1990, 1, 1)
