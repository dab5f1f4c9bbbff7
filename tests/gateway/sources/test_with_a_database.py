"""The whole way from manifests on disk to merged reading, over two real databases and the real driver."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from adapters.contract import Compare, Op
from adapters.drivers import open_adapter
from gateway.identity.build import StoredIndex, build
from gateway.sources.fetch import FederatedSources
from gateway.sources.registry import open_sources, read_manifests
from schema.codes import gb11643
from tests.gateway.identity.people import INDEX_KEY, TOKENS
from tests.gateway.sources.memory import a_call

OLD = "329901900110010"
NEW = gb11643.upgrade(OLD)
SECOND = gb11643.upgrade("329902900110017")

POLICE = f"""
CREATE TABLE T_RY (RYBH TEXT PRIMARY KEY, XM TEXT, SFZH TEXT, QTZH TEXT);
INSERT INTO T_RY VALUES ('P1', '张三', '{OLD}', '{SECOND}'), ('P2', '李四', '无', NULL);
"""
CENTRE = f"""
CREATE TABLE person (id TEXT PRIMARY KEY, full_name TEXT, id_card TEXT);
INSERT INTO person VALUES ('77', '张三', '{NEW.lower()}');
CREATE TABLE visit (id TEXT PRIMARY KEY, person TEXT, day TEXT, said TEXT);
INSERT INTO visit VALUES ('v1', '77', '2026-01-05', '平稳'), ('v2', '77', '2026-02-05', '平稳');
"""

MANIFESTS = {
    "jiangsu-police": {
        "PersonRecord": {
            "dataset": "T_RY",
            "key": "RYBH",
            "fields": {
                "name": {"path": "XM", "filter": ["eq"]},
                "idNumber": {"path": "SFZH"},
                "otherIdNumbers": {"path": "QTZH"},
            },
        }
    },
    "jiangsu-centre": {
        "PersonRecord": {
            "dataset": "person",
            "key": "id",
            "fields": {"name": {"path": "full_name", "filter": ["eq"]}, "idNumber": {"path": "id_card"}},
        },
        "Visit": {
            "dataset": "visit",
            "key": "id",
            "person": "person",
            "fields": {"visitedOn": {"path": "day"}, "outcome": {"path": "said"}},
        },
    },
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[tuple[FederatedSources, StoredIndex]]:
    for name, script in (("jiangsu-police", POLICE), ("jiangsu-centre", CENTRE)):
        database = sqlite3.connect(tmp_path / f"{name}.db")
        database.executescript(script)
        database.close()
        document = {
            "contract": "1.0",
            "id": name,
            "version": "1",
            "name": name,
            "owner": "省厅",
            "jurisdiction": "320000",
            "agency": {"code": "320000001", "name": "省厅", "kind": "POLICE", "jurisdiction": "320000"},
            "source": {"kind": "sql", "url": f"sqlite+aiosqlite:///{tmp_path}/{name}.db", "timeout": 20},
            "entities": MANIFESTS[name],
        }
        text = yaml.safe_dump(document, allow_unicode=True)
        _write(tmp_path / "manifests" / f"{name}.yaml", text)
    opened = await open_sources(read_manifests([tmp_path / "manifests"]), open_adapter)
    sources = FederatedSources(opened)
    index = await build(opened, TOKENS, tmp_path / "index.db", INDEX_KEY, a_call())
    yield sources, index
    index.close()
    await sources.aclose()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


async def test_one_person_is_drawn_together_from_two_databases(house: tuple[FederatedSources, StoredIndex]) -> None:
    sources, index = house
    person = index.find(OLD)
    assert person is not None
    assert person == index.find(SECOND) == index.find(NEW.lower())
    needs = {"PersonRecord": ("name", "idNumber", "phones"), "Visit": ("visitedOn",)}
    reading = await sources.read({person: index.holders(person)}, needs, a_call())
    assert reading.problems == ()
    records = {entity: found[person] for entity, found in reading.records.items()}
    assert {
        (row.provenance.source, row.values["name"], row.values["idNumber"]) for row in records["PersonRecord"]
    } == {
        ("jiangsu-police", "张三", NEW),
        ("jiangsu-centre", "张三", NEW),
    }
    assert [str(row.values["visitedOn"]) for row in records["Visit"]] == ["2026-01-05", "2026-02-05"]


async def test_records_as_such_need_no_field(house: tuple[FederatedSources, StoredIndex]) -> None:
    sources, index = house
    person = index.find(NEW) or ""
    reading = await sources.read({person: index.holders(person)}, {"PersonRecord": (), "Visit": ()}, a_call())
    assert reading.problems == ()
    assert {entity: len(found[person]) for entity, found in reading.records.items()} == {
        "PersonRecord": 2,
        "Visit": 2,
    }


async def test_somebody_without_a_number_is_found_by_search(house: tuple[FederatedSources, StoredIndex]) -> None:
    sources, index = house
    found = await sources.search([Compare("name", Op.EQ, "李四")], a_call())
    assert (found.keys, found.problems) == ({"jiangsu-police": ("P2",), "jiangsu-centre": ()}, ())
    person = index.owner("jiangsu-police", "P2")
    assert person in index.everybody()


async def test_every_source_says_that_it_is_well(house: tuple[FederatedSources, StoredIndex]) -> None:
    sources, _ = house
    assert {name: health.ok for name, health in (await sources.health()).items()} == {
        "jiangsu-police": True,
        "jiangsu-centre": True,
    }
