"""From a request to an answer: merged, decided, masked, on record; partial where a source is down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from gateway.authorization.decision import Effect
from gateway.errors import AuditUnavailable
from gateway.execution.document import OperationRefused, SyntaxRefused, ValidationRefused, VariablesRefused
from gateway.execution.engine import Request
from schema.enums import Quality
from schema.label import Label
from tests.gateway.execution.world import ANN, BEN, TOKENS, LabelAuthorizer, Small, house, record, viewer

ANN_ID, BEN_ID = TOKENS.mint(ANN), TOKENS.mint(BEN)


def two_agencies(**more: Any) -> Small:
    """Ann is known to the police and a facility, who disagree about her name; Ben to the police alone."""
    return house(
        {
            "police": {
                ANN_ID: {
                    "PersonRecord": [
                        record("police", "1", name="安娜", idNumber=ANN, sex="FEMALE", residenceCode="320102")
                    ],
                    "Decision": [
                        record(
                            "police",
                            "d1",
                            "1",
                            kind="COMPULSORY_ISOLATION_ORDER",
                            number="宁公字1号",
                            decidedOn=date(2024, 3, 1),
                        )
                    ],
                },
                BEN_ID: {"PersonRecord": [record("police", "2", name="本", residenceCode="320102")]},
            },
            "facility": {
                ANN_ID: {
                    "PersonRecord": [record("facility", "F7", name="安纳", firstUsedOn=date(2015, 1, 1))],
                    "Measure": [
                        record(
                            "facility",
                            "m1",
                            "F7",
                            kind="COMPULSORY_ISOLATION",
                            startsOn=date(2024, 3, 2),
                            endedOn=date(2026, 3, 1),
                        )
                    ],
                    "Assessment": [
                        record(
                            "facility",
                            "a1",
                            "F7",
                            stage="BEFORE_EXPIRY",
                            assessedOn=date(2026, 2, 1),
                            detoxification="PASS",
                            recovery="FAIL",
                            conduct="PASS",
                            socialAdaptation="GOOD",
                        )
                    ],
                }
            },
        },
        precedence={"police": 10, "facility": 20},
        **more,
    )


async def ask(small: Small, query: str, variables: Mapping[str, object] | None = None, **who: Any) -> dict[str, Any]:
    answer = await small.engine.answer(Request(query, None, variables or {}), viewer(**who), "r-1")
    return dict(answer.body)


async def test_one_answer_is_drawn_from_several_agencies() -> None:
    query = """query Card($id: ID!) { person(id: $id) { id name sex status currentMeasure { kind }
        cases { edges { node { stage communityRecoveryAdvice { outcome rule { id } } decisions { number }
        measures { __typename startsOn record { source { id } } } } } } } }"""
    body = await ask(two_agencies(), query, {"id": ANN_ID})
    assert "errors" not in body
    person = body["data"]["person"]
    assert (person["name"], person["sex"], person["status"]) == ("安娜", "FEMALE", "RELEASED_NOT_ORDERED")
    (edge,) = person["cases"]["edges"]
    assert edge["node"]["communityRecoveryAdvice"] == {"outcome": "MUST", "rule": {"id": "R2"}}
    assert edge["node"]["decisions"] == [{"number": "宁公字1号"}]
    assert edge["node"]["measures"] == [
        {"__typename": "CompulsoryIsolation", "startsOn": "2024-03-02", "record": {"source": {"id": "facility"}}}
    ]


async def test_a_conflict_shows_both_values_and_why_one_was_chosen() -> None:
    body = await ask(
        two_agencies(),
        "query($id: ID!){person(id:$id){name conflicts{field chosen because values{value record{source{id}}}}}}",
        {"id": ANN_ID},
    )
    (conflict,) = body["data"]["person"]["conflicts"]
    assert (conflict["field"], conflict["chosen"]) == ("name", "安娜")
    assert conflict["because"].startswith("PRECEDENCE: police")
    assert {one["record"]["source"]["id"]: one["value"] for one in conflict["values"]} == {
        "police": "安娜",
        "facility": "安纳",
    }


async def test_a_conflict_that_a_mask_hides_is_not_told() -> None:
    query = "query($id: ID!){person(id:$id){conflicts{field}}}"
    assert (await ask(two_agencies(), query, {"id": ANN_ID}))["data"]["person"]["conflicts"] == [{"field": "name"}]
    for effect in (Effect.MASK, Effect.DENY):
        small = two_agencies(authorizer=LabelAuthorizer({Label.IDENTITY: effect}))
        assert (await ask(small, query, {"id": ANN_ID}))["data"]["person"]["conflicts"] == []


async def test_a_broken_value_stands_back_behind_a_sound_one() -> None:
    small = house(
        {
            "police": {
                ANN_ID: {"PersonRecord": [record("police", "1", name="安�", flags={"name": Quality.TRUNCATED})]}
            },
            "clinic": {ANN_ID: {"PersonRecord": [record("clinic", "9", name="安娜")]}},
        },
        precedence={"police": 10, "clinic": 60},
    )
    body = await ask(small, "query($id: ID!){person(id:$id){name conflicts{because}}}", {"id": ANN_ID})
    assert body["data"]["person"]["name"] == "安娜"
    assert body["data"]["person"]["conflicts"][0]["because"].startswith("QUALITY")


async def test_the_newest_of_two_equal_sources_is_chosen() -> None:
    old, new = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    small = house(
        {
            "one": {ANN_ID: {"PersonRecord": [record("one", "1", name="旧", as_of=old)]}},
            "two": {ANN_ID: {"PersonRecord": [record("two", "2", name="新", as_of=new)]}},
        }
    )
    body = await ask(small, "query($id: ID!){person(id:$id){name}}", {"id": ANN_ID})
    assert body["data"]["person"]["name"] == "新"


async def test_a_denied_label_is_null_and_told_once() -> None:
    small = two_agencies(authorizer=LabelAuthorizer({Label.DRUG_USE: Effect.DENY, Label.POLICE: Effect.DENY}))
    query = "query($id: ID!){person(id:$id){name drugUse{firstUsedOn} cases{edges{node{decisions{number} stage}}}}}"
    body = await ask(small, query, {"id": ANN_ID})
    person = body["data"]["person"]
    assert person["drugUse"] == {"firstUsedOn": None}
    assert person["cases"]["edges"][0]["node"] == {"decisions": None, "stage": "RELEASED"}
    told = {(one["path"], one["effect"]) for one in body["extensions"]["authorization"]}
    assert ("person.drugUse.firstUsedOn", "DENY") in told
    assert ("person.cases.edges.node.decisions", "DENY") in told


async def test_what_can_never_be_seen_is_not_even_fetched() -> None:
    small = two_agencies(authorizer=LabelAuthorizer({Label.DRUG_USE: Effect.DENY}))
    await ask(small, "query($id: ID!){person(id:$id){name drugUse{firstUsedOn substances}}}", {"id": ANN_ID})
    ((_, needs),) = small.sources.asked
    assert "name" in needs["PersonRecord"]
    assert not {"firstUsedOn", "substances"} & needs["PersonRecord"]


async def test_a_masked_label_shows_what_its_mask_leaves() -> None:
    small = two_agencies(authorizer=LabelAuthorizer({Label.IDENTITY: Effect.MASK}))
    body = await ask(small, "query($id: ID!){person(id:$id){name records{person{name}}}}", {"id": ANN_ID})
    assert body["data"]["person"] == {
        "name": "安*",
        "records": [{"person": {"name": "安*"}}, {"person": {"name": "安*"}}],
    }


async def test_unknown_and_not_yours_are_the_same_answer() -> None:
    stranger = TOKENS.mint("329901197001010012")
    query = "query($id: ID!){person(id:$id){name status}}"
    open_house = two_agencies()
    shut = two_agencies(authorizer=LabelAuthorizer({Label.EXISTENCE: Effect.DENY}))
    assert await ask(shut, query, {"id": ANN_ID}) == await ask(open_house, query, {"id": stranger})
    assert shut.audit.kept[0].outcome == "DENIED"
    assert shut.audit.kept[0].persons == (ANN_ID,)


async def test_not_yours_hides_a_failing_source_as_well() -> None:
    shut = two_agencies(authorizer=LabelAuthorizer({Label.EXISTENCE: Effect.DENY}))
    shut.sources.down.add("police")
    assert await ask(shut, "query($id: ID!){person(id:$id){name}}", {"id": ANN_ID}) == {"data": {"person": None}}


async def test_a_source_that_is_down_costs_its_own_fields() -> None:
    small = two_agencies()
    small.sources.down.add("facility")
    body = await ask(small, "query($id: ID!){person(id:$id){name currentMeasure{kind}}}", {"id": ANN_ID})
    assert body["data"]["person"] == {"name": "安娜", "currentMeasure": None}
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    assert error["extensions"]["source"] == "facility"
    assert small.audit.kept[0].outcome == "PARTIAL"


async def test_while_nobody_can_say_whether_a_record_is_sealed_it_counts_as_sealed() -> None:
    small = two_agencies(seals={"police"})
    query = "query($id: ID!){person(id:$id){name}}"
    await ask(small, query, {"id": ANN_ID})
    small.sources.down.add("police")
    await ask(small, query, {"id": ANN_ID})
    assert [facts.record_sealed for facts in small.authorizer.asked if not facts.responsible] == [False, True]


async def test_nothing_there_is_an_empty_list_and_not_known_is_null() -> None:
    query = "query($id: ID!){person(id:$id){support{grants{kind}} family{name} cases{edges{node{agreements{kind}}}}}}"
    small = two_agencies()
    found = (await ask(small, query, {"id": ANN_ID}))["data"]["person"]
    assert found == {"support": {"grants": []}, "family": [], "cases": {"edges": [{"node": {"agreements": []}}]}}
    small.sources.down.add("police")
    small.sources.entities = ("SupportGrant", "FamilyMember", "Agreement")
    found = (await ask(small, query, {"id": ANN_ID}))["data"]["person"]
    assert found == {
        "support": {"grants": None},
        "family": None,
        "cases": {"edges": [{"node": {"agreements": None}}]},
    }


@pytest.mark.parametrize(
    ("existence", "who", "rounds"),
    [
        (Effect.ALLOW, {}, [("police",), ("abroad",)]),
        (Effect.DENY, {}, [("police",)]),
        (Effect.ALLOW, {"via": ("yiti-elsewhere",)}, [("police",)]),
    ],
)
async def test_another_province_is_asked_only_about_whom_the_viewer_may_know(
    existence: Effect, who: dict[str, Any], rounds: list[tuple[str, ...]]
) -> None:
    rows = {
        source: {ANN_ID: {"PersonRecord": [record(source, source, name=source)]}} for source in ("police", "abroad")
    }
    small = house(rows, peers={"abroad"}, authorizer=LabelAuthorizer({Label.EXISTENCE: existence}))
    body = await ask(small, "query($id: ID!){person(id:$id){records{source{id}}}}", {"id": ANN_ID}, **who)
    assert [held[ANN_ID] for held, _ in small.sources.asked] == rounds
    shown = [one["source"]["id"] for one in (body["data"]["person"] or {"records": []})["records"]]
    assert set(shown) == ({source for (source,) in rounds} if existence is Effect.ALLOW else set())


async def test_whom_only_another_province_holds_is_asked_for_there() -> None:
    rows = {"abroad": {ANN_ID: {"PersonRecord": [record("abroad", "1", name="安娜")]}}}
    small = house(rows, peers={"abroad"})
    body = await ask(small, "query($id: ID!){person(id:$id){name}}", {"id": ANN_ID})
    assert body["data"]["person"] == {"name": "安娜"}


async def test_people_asked_for_at_once_are_one_batch() -> None:
    small = two_agencies()
    query = """query($people: [_Any!]!){_entities(representations: $people){... on Person{id name}}}"""
    people = [{"__typename": "Person", "id": one} for one in (BEN_ID, ANN_ID, TOKENS.mint("329901197001010012"))]
    body = await ask(small, query, {"people": people})
    assert body["data"]["_entities"] == [{"id": BEN_ID, "name": "本"}, {"id": ANN_ID, "name": "安娜"}, None]
    assert len(small.sources.asked) == 1


async def test_representations_may_be_named_twice() -> None:
    query = """query($people: [_Any!]!){a: _entities(representations: $people){... on Person{id}}
        b: _entities(representations: $people){... on Person{id}}}"""
    body = await ask(two_agencies(), query, {"people": [{"__typename": "Person", "id": ANN_ID}]})
    assert body["data"]["a"] == body["data"]["b"] == [{"id": ANN_ID}]


@pytest.mark.parametrize("wrong", [{}, {"__typename": "Access", "id": "x"}, {"__typename": "Person"}, "Person", None])
async def test_a_representation_of_nothing_we_hold_is_refused(wrong: Any) -> None:
    query = "query($people: [_Any!]!){_entities(representations: $people){... on Person{id}}}"
    try:
        body = await ask(two_agencies(), query, {"people": [wrong]})
    except VariablesRefused:
        assert wrong is None
    else:
        assert body["errors"][0]["extensions"]["code"] == "BAD_ARGUMENT"


async def test_lookup_takes_a_fifteen_digit_number_too() -> None:
    body = await ask(
        two_agencies(),
        "query($d: DocumentInput!){lookup(document:$d){id}}",
        {"d": {"number": ANN[:6] + ANN[8:17]}},
    )
    assert body["data"]["lookup"] == {"id": ANN_ID}


async def test_a_case_is_found_again_by_its_id() -> None:
    small = two_agencies()
    body = await ask(small, "query($id: ID!){person(id:$id){cases{edges{node{id}}}}}", {"id": ANN_ID})
    case_id = body["data"]["person"]["cases"]["edges"][0]["node"]["id"]
    again = await ask(
        small,
        "query($id: ID!){case(id:$id){id person{id} timeline{edges{node{on kind source{id}}}}} node(id:$id){id}}",
        {"id": case_id},
    )
    assert again["data"]["case"]["person"] == {"id": ANN_ID}
    assert again["data"]["node"] == {"id": case_id}
    kinds = [edge["node"]["kind"] for edge in again["data"]["case"]["timeline"]["edges"]]
    assert kinds == ["DECIDED", "ADMITTED", "ASSESSED", "RELEASED"]


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("query($id: ID!){person(id:$id){id}}", {"id": "c1_abc_def"}, "BAD_ID"),
        ("query($id: ID!){case(id:$id){id}}", {"id": ANN_ID}, "BAD_ID"),
        ('{persons(first:0, filter:{name:{eq:"安娜"}}){totalCount}}', {}, "BAD_PAGE_SIZE"),
        ('{persons(first:10000, filter:{name:{eq:"安娜"}}){totalCount}}', {}, "BAD_PAGE_SIZE"),
        ("{persons{totalCount}}", {}, "FILTER_TOO_BROAD"),
        ("{persons(filter:{status:{in:[UNKNOWN]}}){totalCount}}", {}, "FILTER_TOO_BROAD"),
        ('{persons(filter:{domicile:{under:"99"}}){totalCount}}', {}, "BAD_ARGUMENT"),
        ('{persons(filter:{name:{eq:"安娜"}}, after:"AAAA"){totalCount}}', {}, "BAD_CURSOR"),
    ],
)
async def test_a_bad_argument_has_a_stable_code_and_tells_nothing(query: str, variables: Any, code: str) -> None:
    body = await ask(two_agencies(), query, variables)
    (error,) = body["errors"]
    assert error["extensions"]["code"] == code
    assert "安娜" not in error["message"]


@pytest.mark.parametrize(
    ("query", "variables", "refusal"),
    [
        (f'{{ lookup(document: {{number: "{ANN}" ', {}, SyntaxRefused),
        ("{ person { id nothing } }", {}, ValidationRefused),
        (f'{{ persons(first: "{ANN}") {{ totalCount }} }}', {}, ValidationRefused),
        ("query($d: DocumentInput!){lookup(document:$d){id}}", {"d": {"number": [ANN]}}, VariablesRefused),
        ("query($d: DocumentInput!){lookup(document:$d){id}}", {}, VariablesRefused),
        ("query A{viewer{subject}} query B{viewer{subject}}", {}, OperationRefused),
    ],
)
async def test_a_refusal_repeats_no_value(query: str, variables: Any, refusal: type[Exception]) -> None:
    with pytest.raises(refusal) as caught:
        await ask(two_agencies(), query, variables)
    assert ANN not in str(caught.value)
    assert ANN[8:17] not in str(caught.value)


async def test_if_the_access_cannot_be_put_on_record_nothing_is_answered() -> None:
    small = two_agencies()

    async def fail(_record: object, _response: bytes | None = None) -> None:
        raise AuditUnavailable("The access log cannot be written.")

    small.audit.append = fail  # type: ignore[method-assign, assignment]  # the fault under test
    with pytest.raises(AuditUnavailable):
        await ask(small, "query($id: ID!){person(id:$id){name}}", {"id": ANN_ID})


async def test_the_record_says_who_whom_what_and_by_which_rule() -> None:
    small = two_agencies(authorizer=LabelAuthorizer({Label.ID_NUMBER: Effect.DENY}))
    await ask(small, "query Card($id: ID!){person(id:$id){name idNumber}}", {"id": ANN_ID})
    (kept,) = small.audit.kept
    assert (kept.operation, kept.persons, kept.subject) == ("Card", (ANN_ID,), "officer-1")
    effects = {one.path: (one.effect, one.policies) for one in kept.fields}
    assert effects == {
        "person.name": ("ALLOW", ("T-IDENTITY",)),
        "person.idNumber": ("DENY", ("T-ID_NUMBER",)),
    }
    assert ANN not in repr(kept)


async def test_an_unforeseen_failure_tells_only_the_request_id(caplog: pytest.LogCaptureFixture) -> None:
    small = two_agencies()

    async def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError(f"secret {ANN}")

    small.sources.read = fail  # type: ignore[method-assign, assignment]  # the fault under test
    body = await ask(small, "query($id: ID!){person(id:$id){name}}", {"id": ANN_ID})
    assert body["errors"][0]["extensions"] == {"code": "INTERNAL", "requestId": "r-1"}
    assert ANN not in caplog.text
    assert "RuntimeError" in caplog.text
