from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from adapters.contract import KeyEntry, KeySlice, Refused, Unavailable
from gateway.identity.build import StoredIndex, build
from gateway.identity.entries import Rule
from gateway.identity.index import IdentityIndex
from gateway.identity.store import IndexStore, IndexUnreadable
from gateway.identity.token import TokenService
from schema.codes import gb11643
from tests.gateway.identity.people import INDEX_KEY, TOKENS, Houses, number, smallest, token
from tests.gateway.sources.memory import a_call


@pytest.fixture
def houses() -> Houses:
    return Houses()


async def built(houses: Houses, path: Path | None = None, tokens: TokenService = TOKENS) -> StoredIndex:
    return await build(houses.opened, tokens, path, INDEX_KEY, a_call())


async def test_a_number_leads_to_every_sources_own_keys(houses: Houses) -> None:
    houses.add("police-a", [KeyEntry(f"A{index}", (number(index),)) for index in range(5)])
    houses.add("centre-b", [KeyEntry("B3", (number(3),))])
    index: IdentityIndex = await built(houses)
    assert index.find(number(3)) == token(3)
    assert index.holders(token(3)) == {"police-a": ("A3",), "centre-b": ("B3",)}
    assert index.owner("centre-b", "B3") == token(3)
    assert index.primary(token(3)) == token(3)
    assert list(index.everybody()) == sorted(token(index) for index in range(5))


async def test_the_ways_of_writing_a_number_find_the_same_person(houses: Houses) -> None:
    old = "329901900110010"
    houses.add("police-a", [KeyEntry("A", (old,))])
    houses.add("centre-b", [KeyEntry("B", (gb11643.upgrade(old).lower(),))])
    index = await built(houses)
    assert index.holders(index.find(gb11643.upgrade(old)) or "") == {"police-a": ("A",), "centre-b": ("B",)}


async def test_nobody_is_found_under_an_unknown_number_token_or_key(houses: Houses) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1),))])
    index = await built(houses)
    assert index.find(number(2)) is None
    assert index.find("no number") is None
    assert index.holders(token(2)) == {}
    assert index.primary(token(2)) is None
    assert index.owner("police-a", "Z") is None
    assert index.owner("nowhere", "A") is None
    assert (index.evidence(token(2)), index.tokens(token(2)), index.ambiguous(token(2))) == ((), (), False)


async def test_a_person_with_two_numbers_stands_under_the_smaller_token(houses: Houses) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1), number(2)))])
    houses.add("centre-b", [KeyEntry("B", (number(2),))])
    houses.add("office-c", [KeyEntry("C", (number(2), number(3)))])
    index = await built(houses)
    person = smallest(1, 2, 3)
    assert list(index.everybody()) == [person]
    assert {index.find(number(one)) for one in (1, 2, 3)} == {person}
    assert {index.primary(token(one)) for one in (1, 2, 3)} == {person}
    assert index.holders(token(3)) == {"police-a": ("A",), "centre-b": ("B",), "office-c": ("C",)}
    assert index.tokens(token(2)) == tuple(sorted(token(one) for one in (1, 2, 3)))
    assert [(said.rule, said.source) for said in index.evidence(person)] == [
        (Rule.SAME_RECORD, "office-c"),
        (Rule.SAME_RECORD, "police-a"),
    ]


async def test_links_can_be_taken_back_and_stay_so_through_a_refresh(houses: Houses) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1), number(2)))])
    houses.add("centre-b", [KeyEntry("B", (number(2),))])
    index = await built(houses)
    await index.sever(token(2), token(1))
    await index.refresh(a_call())
    assert list(index.everybody()) == sorted((token(1), token(2)))
    assert index.holders(token(2))["centre-b"] == ("B",)
    assert "centre-b" not in index.holders(token(1))
    await index.rejoin(token(1), token(2))
    assert list(index.everybody()) == [smallest(1, 2)]


async def test_other_documents_lead_to_the_person_too(houses: Houses) -> None:
    houses.add(
        "police-a",
        [KeyEntry("A", (number(1),), (("PASSPORT", "E12345678"),)), KeyEntry("F", (), (("PASSPORT", "K7654321"),))],
    )
    index = await built(houses)
    assert index.find("e1234 5678") == index.find(number(1)) == index.primary(token(1))
    assert index.find("K7654321", "PASSPORT") == index.owner("police-a", "F")
    assert index.find("K7654321", "OTHER") is None


async def test_a_wrong_check_digit_is_kept_apart_and_said(houses: Houses) -> None:
    right = number(1)
    wrong = right[:17] + ("0" if right[17] != "0" else "1")
    houses.add("police-a", [KeyEntry("A", (right,)), KeyEntry("B", (wrong,))])
    index = await built(houses)
    person = index.owner("police-a", "B")
    assert person is not None
    assert person != token(1)
    assert index.find(wrong) == person
    assert [said.rule for said in index.evidence(person)] == [Rule.CHECKSUM_FAILED]


async def test_people_without_a_number_are_known_by_their_source_alone(houses: Houses) -> None:
    houses.add("police-a", [KeyEntry("A"), KeyEntry("B", ("无",)), KeyEntry("C", ("000000000000000000",))])
    houses.add("centre-b", [KeyEntry("A")])
    index = await built(houses)
    people = [index.owner("police-a", key) for key in "ABC"] + [index.owner("centre-b", "A")]
    assert len(set(people)) == 4
    assert None not in people
    assert [said.rule for said in index.evidence(people[1] or "")] == [Rule.MALFORMED_NUMBER, Rule.NO_NUMBER]


async def test_one_number_on_two_keys_of_one_source_is_ambiguous(houses: Houses) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1),)), KeyEntry("B", (number(1),)), KeyEntry("C", (number(2),))])
    index = await built(houses)
    assert index.holders(token(1)) == {"police-a": ("A", "B")}
    assert index.ambiguous(token(1))
    assert not index.ambiguous(token(2))
    assert [said.rule for said in index.evidence(token(1))] == [Rule.DUPLICATE_NUMBER]


async def test_one_number_in_two_sources_is_not_ambiguous(houses: Houses) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1),))])
    houses.add("centre-b", [KeyEntry("B", (number(1),))])
    assert not (await built(houses)).ambiguous(token(1))


async def test_two_people_under_one_number_do_not_draw_others_together(houses: Houses) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1), number(2))), KeyEntry("B", (number(1), number(3)))])
    houses.add("centre-b", [KeyEntry("X", (number(2),)), KeyEntry("Y", (number(3),))])
    index = await built(houses)
    assert index.holders(token(2)) == {"police-a": ("A",), "centre-b": ("X",)}
    assert index.holders(token(3)) == {"police-a": ("B",), "centre-b": ("Y",)}
    assert index.ambiguous(token(1))
    assert Rule.WITHHELD_LINK in {said.rule for said in index.evidence(token(2))}


async def test_both_numbers_of_one_person_as_two_keys_of_one_source_are_no_duplicate(houses: Houses) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1), number(2))), KeyEntry("B", (number(2), number(1)))])
    index = await built(houses)
    assert index.holders(token(1)) == {"police-a": ("A", "B")}
    assert not index.ambiguous(token(1))


async def test_a_peer_brings_tokens_and_nothing_else_of_it_is_believed(houses: Houses) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1),))])
    entries = [
        KeyEntry(token(1), tokens=(token(1),)),
        KeyEntry(token(2), tokens=(token(2),), id_numbers=(number(3),)),
        KeyEntry("x", tokens=("no token",)),
        KeyEntry("y", id_numbers=(number(4),)),
    ]
    houses.add("gateway-z", entries, kind="subgraph", locator="/locator")
    index = await built(houses)
    assert index.holders(token(1)) == {"police-a": ("A",), "gateway-z": (token(1),)}
    assert index.find(number(2)) == token(2)
    assert index.find(number(3)) is index.find(number(4)) is None
    assert [(listed.source, listed.entries, listed.unreadable) for listed in index.report] == [
        ("police-a", 1, 0),
        ("gateway-z", 2, 2),
    ]


async def test_a_peer_without_a_list_is_asked_for_everybody_whom_we_know(houses: Houses) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1), number(2))), KeyEntry("B", (number(3),))])
    peer = houses.add("gateway-z", [], kind="subgraph")
    index = await built(houses)
    assert peer.calls == []
    assert index.holders(token(3)) == {"police-a": ("B",), "gateway-z": (token(3),)}
    assert set(index.holders(token(1))["gateway-z"]) == {token(1), token(2)}
    assert index.owner("gateway-z", token(2)) == smallest(1, 2)
    assert index.owner("gateway-z", token(4)) is None
    assert index.holders(token(4)) == {}


async def test_a_source_that_is_down_keeps_what_it_had_and_is_reported(houses: Houses, tmp_path: Path) -> None:
    police = houses.add("police-a", [KeyEntry("A", (number(1),))])
    houses.add("centre-b", [KeyEntry("B", (number(2),))])
    index = await built(houses, tmp_path / "index.db")
    before = index.report[0].standing
    police.fault = Refused("no")
    police.entries = []
    houses.adapters["centre-b"].entries.append(KeyEntry("C", (number(3),)))
    report = await index.refresh(a_call())
    assert [(listed.source, listed.outcome, listed.entries) for listed in report] == [
        ("police-a", "REFUSED", 0),
        ("centre-b", "ok", 2),
    ]
    assert report[0].standing == before
    assert list(index.everybody()) == sorted(token(one) for one in (1, 2, 3))


async def test_a_list_that_breaks_off_halfway_changes_nothing(houses: Houses) -> None:
    police = houses.add("police-a", [KeyEntry(f"A{one}", (number(one),)) for one in range(5)])
    index = await built(houses)
    police.entries = police.entries[3:] + police.entries[:3] + [KeyEntry("new", (number(9),))]
    answers = iter([lambda page: page])

    def break_off(page: Any) -> object:
        return next(answers, lambda _: None)(page)

    police.garble = break_off
    (listed,) = await index.refresh(a_call())
    assert listed.outcome == "MALFORMED"
    assert list(index.everybody()) == sorted(token(one) for one in range(5))


@pytest.mark.parametrize("garbage", [None, [], KeySlice([KeyEntry("A")], "0")], ids=repr)
async def test_garbage_for_a_key_list_is_contained(houses: Houses, garbage: object) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1),))]).garble = lambda page: garbage
    houses.add("centre-b", [KeyEntry("B", (number(2),))])
    index = await built(houses)
    assert [listed.outcome for listed in index.report] == ["MALFORMED", "ok"]
    assert list(index.everybody()) == [token(2)]


async def test_a_page_without_entries_is_not_the_end_of_the_list(houses: Houses) -> None:
    police = houses.add("police-a", [KeyEntry(f"A{one}", (number(one),)) for one in range(3)])
    pages = iter([KeySlice([], "0")])
    police.garble = lambda page: next(pages, page)
    assert (await built(houses)).report[0].entries == 3


async def test_unreadable_lines_and_lines_listed_twice_cost_only_themselves(houses: Houses) -> None:
    lines: list[Any] = [KeyEntry("A", (number(1),)), None, KeyEntry("", (number(2),)), KeyEntry("A", (number(3),))]
    houses.add("police-a", lines)
    index = await built(houses)
    assert (index.report[0].entries, index.report[0].unreadable) == (1, 2)
    assert index.owner("police-a", "A") == token(1)
    assert not index.ambiguous(token(1))


async def test_a_bug_in_an_adapter_is_contained(houses: Houses) -> None:
    houses.add("police-a", []).fault = KeyError("A")
    assert [listed.outcome for listed in (await built(houses)).report] == ["MALFORMED"]


async def test_a_list_that_does_not_come_in_time_is_reported(houses: Houses) -> None:
    houses.add("centre-b", []).gate.clear()
    index = await build(houses.opened, TOKENS, None, INDEX_KEY, a_call(0.02))
    assert [listed.outcome for listed in index.report] == ["UNAVAILABLE"]


async def test_a_hiccup_while_listing_is_tried_once_more(houses: Houses) -> None:
    police = houses.add("police-a", [KeyEntry("A", (number(1),))])
    police.faults = [Unavailable("reset")]
    assert (await built(houses)).find(number(1)) == token(1)


async def test_lookups_are_answered_from_the_old_state_while_a_refresh_runs(houses: Houses) -> None:
    police = houses.add("police-a", [KeyEntry("A", (number(1),))])
    index = await built(houses)
    police.entries = [KeyEntry("A", (number(2),))]
    police.gate.clear()
    police.asked.clear()
    refresh = asyncio.create_task(index.refresh(a_call()))
    await police.asked.wait()
    assert index.find(number(1)) == token(1)
    police.gate.set()
    await refresh
    assert index.find(number(1)) is None
    assert index.find(number(2)) == token(2)


async def test_the_file_serves_the_next_start_even_where_every_source_is_down(houses: Houses, tmp_path: Path) -> None:
    police = houses.add("police-a", [KeyEntry("A", (number(1), number(2))), KeyEntry("B", (number(3),))])
    (await built(houses, tmp_path / "index.db")).close()
    police.fault = Unavailable("down")
    index = await built(houses, tmp_path / "index.db")
    assert index.report[0].outcome == "UNAVAILABLE"
    assert index.holders(token(2)) == {"police-a": ("A",)}
    assert index.primary(token(1)) == smallest(1, 2)


async def test_a_source_that_left_the_registry_is_forgotten(houses: Houses, tmp_path: Path) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1),))])
    houses.add("centre-b", [KeyEntry("B", (number(1),))])
    (await built(houses, tmp_path / "index.db")).close()
    del houses.opened["centre-b"]
    index = await built(houses, tmp_path / "index.db")
    assert index.holders(token(1)) == {"police-a": ("A",)}


async def test_another_pseudonym_key_drops_the_tokens_of_the_old_one(houses: Houses, tmp_path: Path) -> None:
    police = houses.add("police-a", [KeyEntry("A", (number(1),))])
    (await built(houses, tmp_path / "index.db")).close()
    police.fault = Unavailable("down")
    index = await built(houses, tmp_path / "index.db", TokenService(bytes(range(32)), "2027"))
    assert list(index.everybody()) == []


async def test_nothing_of_a_person_can_be_read_in_the_file(houses: Houses, tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    entries = [
        KeyEntry(f"RY{number(one)}张三", (number(one),), (("PASSPORT", f"E9900{one:04d}"),)) for one in range(40)
    ]
    houses.add("police-a", entries)
    index = await built(houses, path)
    await index.refresh(a_call())
    index.close()
    content = path.read_bytes()
    assert token(7).encode() in content
    for one in range(40):
        for readable in (number(one), number(one)[:17], number(one)[6:14], f"E9900{one:04d}", "张三"):
            assert readable.encode() not in content
            assert readable.encode("gb18030") not in content


async def test_the_file_is_its_owners_alone(houses: Houses, tmp_path: Path) -> None:
    (await built(houses, tmp_path / "index.db")).close()
    (file,) = os.scandir(tmp_path)
    assert (file.name, file.stat().st_mode & 0o077) == ("index.db", 0)


async def test_a_file_under_another_key_is_refused_with_the_fix(houses: Houses, tmp_path: Path) -> None:
    (await built(houses, tmp_path / "index.db")).close()
    with pytest.raises(IndexUnreadable, match=r"made with another key.*delete the file"):
        await build(houses.opened, TOKENS, tmp_path / "index.db", INDEX_KEY[::-1], a_call())


async def test_a_file_that_is_no_index_is_refused(houses: Houses, tmp_path: Path) -> None:
    (tmp_path / "index.db").write_bytes(b"something else entirely" * 100)
    with pytest.raises(IndexUnreadable, match="is no identity index"):
        await built(houses, tmp_path / "index.db")


async def test_a_sealed_key_moved_to_another_line_does_not_open(houses: Houses, tmp_path: Path) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1),)), KeyEntry("B", (number(2),))])
    (await built(houses, tmp_path / "index.db")).close()
    connection = sqlite3.connect(tmp_path / "index.db")
    rows = connection.execute("SELECT id, sealed FROM entry ORDER BY id").fetchall()
    connection.execute("UPDATE entry SET sealed = ? WHERE id = ?", (rows[1][1], rows[0][0]))
    connection.commit()
    connection.close()
    with pytest.raises(IndexUnreadable, match="cannot be opened"):
        await built(houses, tmp_path / "index.db")


async def test_one_key_can_be_looked_up_in_the_file_without_opening_the_others(
    houses: Houses, tmp_path: Path
) -> None:
    houses.add("police-a", [KeyEntry("A", (number(1),)), KeyEntry("B", (number(2),))])
    (await built(houses, tmp_path / "index.db")).close()
    store = IndexStore(tmp_path / "index.db", INDEX_KEY, TOKENS.mint_local("", "fingerprint"))
    assert store.token_of("police-a", "B") == token(2)
    assert store.token_of("centre-b", "B") is None
    store.close()


def test_a_short_index_key_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        IndexStore(None, b"short", "")
