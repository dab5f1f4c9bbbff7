"""The access log in the graph: who may read what of it, in plain words, by both executors."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.log import SqliteAuditLog
from gateway.audit.merkle import includes
from gateway.audit.note import SignedNote
from gateway.audit.search import SearchIndex
from gateway.authorization.decision import Effect
from gateway.execution.accesses import Oversight, inclusion_of
from gateway.execution.cursor import Cursors
from gateway.execution.engine import Request
from schema.label import Label
from tests.gateway.execution.world import ANN, BEN, TOKENS, LabelAuthorizer, Small, house, record, viewer

ANN_ID, BEN_ID = str(TOKENS.mint(ANN)), str(TOKENS.mint(BEN))
ROWS = {
    "police": {
        ANN_ID: {"PersonRecord": [record("police", "a", name="甲", idNumber=ANN)]},
        BEN_ID: {"PersonRecord": [record("police", "b", name="乙", idNumber=BEN)]},
    }
}
BOTH = pytest.mark.parametrize("reference", [False, True])
PERSON = "query($id: ID!) { person(id: $id) { name phones accesses(first: 2) { %s } } }"
TRAIL = PERSON % (
    "totalCount moreThan notListed coverage { indexed } edges { node { subject persons fields { path effect } "
    "entry { index inclusion { checkpoint } } summary { who why shown masked withheld result text } } }"
)
ALL = "query($first: Int!, $after: String, $filter: AccessFilter) { accesses(first: $first, after: $after, filter: $filter) { totalCount moreThan coverage { indexed behind } pageInfo { hasNextPage endCursor } edges { cursor node { id subject } } } }"  # noqa: E501


ALL_PROVED = """{ accesses(filter: { effect: ALLOW }) { totalCount coverage { behind } edges { node { id entry {
  index leafHash inclusion { checkpoint hashes } } } } } }"""


def small(reference: bool, effects: dict[Label, Effect] | None = None, **more: Any) -> Small:
    return house(ROWS, authorizer=LabelAuthorizer(effects), reference=reference, **more)


async def ask(small: Small, query: str, who: Any, **variables: object) -> dict[str, Any]:
    answer = await small.engine.answer(Request(query, None, variables), who, "r-1")
    assert "errors" not in answer.body, answer.body
    return answer.body["data"]


def person(**more: Any) -> Any:
    return viewer("SUBJECT", "OWN_ACCESS", subject="login-1", person=ANN_ID, **more)


AUDITOR = viewer("AUDITOR", "AUDIT", subject="auditor-1")


async def look(small: Small, *people: str, **more: Any) -> None:
    """An officer looks at these people in one request."""
    parts = " ".join(f'p{number}: person(id: "{one}") {{ name phones }}' for number, one in enumerate(people))
    await small.engine.answer(Request(f"{{ {parts} }}", None, {}), viewer(**more), "r-0")


@BOTH
async def test_a_person_reads_their_trail_in_plain_words(reference: bool) -> None:
    world = small(reference, {Label.CONTACT: Effect.MASK})
    await look(world, ANN_ID)
    trail = (await ask(world, TRAIL, person(), id=ANN_ID))["person"]["accesses"]
    (edge,) = trail["edges"]
    summary = edge["node"]["summary"]
    assert summary["who"] == "后续照管工作人员"
    assert summary["why"] == "后续照管"
    assert (summary["shown"], summary["masked"], summary["withheld"]) == (
        ["姓名、性别、出生日期等身份信息"],
        ["电话、住址"],
        [],
    )
    assert "office的后续照管工作人员以“后续照管”为目的查询了您的信息。看到：姓名" in summary["text"]
    assert summary["text"].endswith("结果：已答复。")
    assert (trail["totalCount"], trail["coverage"], trail["notListed"]) == (1, None, None)
    assert edge["node"]["entry"]["inclusion"] is None


@BOTH
async def test_the_words_are_to_be_had_in_english(reference: bool) -> None:
    world = small(reference)
    await look(world, ANN_ID)
    query = PERSON % "edges { node { summary(language: EN) { text } } }"
    trail = (await ask(world, query, person(), id=ANN_ID))["person"]["accesses"]
    text = trail["edges"][0]["node"]["summary"]["text"]
    assert "aftercare officer of office asked about you for the purpose: aftercare." in text


@BOTH
async def test_a_person_learns_nothing_of_others_named_in_the_same_entry(reference: bool) -> None:
    world = small(reference)
    await look(world, ANN_ID, BEN_ID)
    mine = (await ask(world, TRAIL, person(), id=ANN_ID))["person"]["accesses"]["edges"][0]["node"]
    assert mine["persons"] == [ANN_ID]
    seen = (await ask(world, ALL, AUDITOR, first=5))["accesses"]["edges"][-1]["node"]
    entry = await ask(
        world, "query($id: ID!) { node(id: $id) { ... on Access { persons } } }", person(), id=seen["id"]
    )
    assert entry["node"] == {"persons": [ANN_ID]}


@BOTH
async def test_who_was_told_nothing_is_said_to_have_been_told_nothing(reference: bool) -> None:
    world = small(reference, {Label.EXISTENCE: Effect.DENY})
    await look(world, ANN_ID)
    world.authorizer.effects.clear()
    trail = (await ask(world, TRAIL, person(), id=ANN_ID))["person"]["accesses"]
    summary = trail["edges"][0]["node"]["summary"]
    assert (summary["shown"], summary["withheld"]) == ([], [])
    assert summary["result"] == "已拒绝：对方没有得到任何信息，也不知道有没有您的记录"


@BOTH
async def test_what_the_law_withholds_is_left_out_and_that_is_said(reference: bool) -> None:
    world = small(reference, withheld=["STATUTORY_QUERY"])
    await look(world, ANN_ID, purpose="STATUTORY_QUERY")
    await look(world, ANN_ID)
    trail = (await ask(world, TRAIL, person(), id=ANN_ID))["person"]["accesses"]
    assert trail["totalCount"] == 1
    assert "第三十五条" in trail["notListed"]
    everything = (await ask(world, ALL, AUDITOR, first=5))["accesses"]
    assert everything["totalCount"] == 3
    hidden = everything["edges"][-1]["node"]["id"]
    node = await ask(world, "query($id: ID!) { node(id: $id) { id } }", person(), id=hidden)
    assert node["node"] is None


@BOTH
async def test_the_trail_opens_by_what_was_decided_of_that_person(reference: bool) -> None:
    world = small(reference, {Label.AUDIT: Effect.DENY})
    found = await ask(world, TRAIL, viewer("RELATIVE", "OWN_ACCESS"), id=ANN_ID)
    assert found["person"]["accesses"] is None
    consented = small(reference)
    found = await ask(consented, TRAIL, viewer("RELATIVE", "OWN_ACCESS"), id=ANN_ID)
    assert found["person"]["accesses"]["totalCount"] == 0


@BOTH
@pytest.mark.parametrize("who", [viewer(), viewer("RELATIVE", "OWN_ACCESS"), person()])
async def test_the_whole_log_is_for_auditors(reference: bool, who: Any) -> None:
    world = small(reference)
    await look(world, BEN_ID)
    assert (await ask(world, ALL, who, first=5))["accesses"] is None
    assert (await ask(world, ALL, who, first=5, filter={"person": BEN_ID}))["accesses"] is None


@BOTH
async def test_an_entry_is_for_auditors_and_for_whom_it_names(reference: bool) -> None:
    world = small(reference)
    await look(world, BEN_ID)
    await look(world, ANN_ID)
    listed = (await ask(world, ALL, AUDITOR, first=5))["accesses"]
    ids = {edge["node"]["id"] for edge in listed["edges"]}
    node = "query($id: ID!) { node(id: $id) { ... on Access { persons } } }"
    found = {one: await ask(world, node, person(), id=one) for one in ids}
    assert len(ids) == 2
    assert sorted(repr(one["node"]) for one in found.values()) == sorted(["None", repr({"persons": [ANN_ID]})])


@BOTH
async def test_without_the_label_the_log_is_shut_to_auditors_too(reference: bool) -> None:
    world = small(reference, {Label.AUDIT: Effect.DENY})
    await look(world, ANN_ID)
    assert (await ask(world, ALL, AUDITOR, first=5))["accesses"] is None
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert (await ask(world, node, AUDITOR, id="x1_1"))["node"] is None


@BOTH
async def test_an_auditor_pages_through_the_log(reference: bool) -> None:
    world = small(reference)
    for _ in range(3):
        await look(world, ANN_ID)
    first = (await ask(world, ALL, AUDITOR, first=2, filter={"person": ANN_ID}))["accesses"]
    assert (first["totalCount"], first["moreThan"], first["pageInfo"]["hasNextPage"]) == (3, None, True)
    assert first["coverage"] == {"indexed": 3, "behind": 0}
    after = first["pageInfo"]["endCursor"]
    rest = (await ask(world, ALL, AUDITOR, first=2, after=after, filter={"person": ANN_ID}))["accesses"]
    assert len(rest["edges"]) == 1
    assert rest["pageInfo"]["hasNextPage"] is False


async def test_both_executors_say_the_same_of_the_log() -> None:
    told = []
    for reference in (False, True):
        world = small(reference, {Label.CONTACT: Effect.MASK}, withheld=["STATUTORY_QUERY"])
        await look(world, ANN_ID, BEN_ID)
        found = [await ask(world, TRAIL, who, id=ANN_ID) for who in (person(), AUDITOR)]
        for one in found:
            for edge in one["person"]["accesses"]["edges"]:
                edge["node"]["summary"].pop("text")  # tells the moment
        told.append(found)
    assert told[0] == told[1]


@BOTH
async def test_an_auditor_gets_a_proof_of_each_entry(tmp_path: Path, reference: bool) -> None:
    world = small(reference)
    async with (
        aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log,
        aclosing(SearchIndex(tmp_path / "s.sqlite", log, key=b"k" * 32, cursors=Cursors(b"c" * 32))) as search,
    ):
        world.engine._audit = log
        world.engine._oversight = Oversight(log, search, (), partial(inclusion_of, log))
        for _ in range(5):
            await look(world, ANN_ID)
        found = (await ask(world, ALL_PROVED, AUDITOR))["accesses"]
        assert (found["totalCount"], found["coverage"]["behind"]) == (5, 0)
        for edge in found["edges"]:
            entry = edge["node"]["entry"]
            note = SignedNote.read(entry["inclusion"]["checkpoint"])
            assert note.signed_by(log.signer.key)
            signed = note.checkpoint()
            path = [bytes.fromhex(step) for step in entry["inclusion"]["hashes"]]
            assert includes(bytes.fromhex(entry["leafHash"]), entry["index"], signed.size, path, signed.root)
        mine = await ask(world, TRAIL, person(), id=ANN_ID)
        assert all(one["node"]["entry"]["inclusion"] is None for one in mine["person"]["accesses"]["edges"])
        own = found["edges"][0]["node"]["id"]
        node = await ask(world, "query($id: ID!) { node(id: $id) { id } }", AUDITOR, id=own)
        assert node["node"]["id"] == own
