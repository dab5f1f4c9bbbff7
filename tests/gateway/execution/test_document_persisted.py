"""Which text a request means: its own, a registered one, or one that was sent before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.execution.document import (
    DocumentNotTrusted,
    Documents,
    PersistedDocuments,
    PersistedQueryMismatch,
    PersistedQueryNotFound,
    PersistedQueryNotSupported,
    RegistryError,
    read_registry,
    register,
)
from gateway.execution.document.persisted import MOST_CHARACTERS
from gateway.execution.document.registry import hash_of
from tests.gateway.execution.world import SCHEMA

TEXT = "{ viewer { subject } }"
HASH = hash_of(TEXT)
OTHER = "{ viewer { purpose } }"


@pytest.fixture
def documents() -> Documents:
    return Documents(SCHEMA)


def test_a_text_is_remembered_once_it_has_run() -> None:
    kept = PersistedDocuments(size=2)
    with pytest.raises(PersistedQueryNotFound, match=r"^PersistedQueryNotFound$"):
        kept.find(None, HASH)
    assert kept.find(TEXT, HASH) == TEXT
    with pytest.raises(PersistedQueryNotFound):
        kept.find(None, HASH)
    kept.remember(TEXT, HASH)
    assert kept.find(None, HASH) == TEXT


def test_a_hash_of_another_text_is_refused() -> None:
    with pytest.raises(PersistedQueryMismatch):
        PersistedDocuments(size=2).find(OTHER, HASH)


def test_the_least_recently_used_is_forgotten_first() -> None:
    kept = PersistedDocuments(size=2)
    kept.remember(TEXT, HASH)
    kept.remember(OTHER, hash_of(OTHER))
    kept.find(None, HASH)
    kept.remember("{ __typename }", hash_of("{ __typename }"))
    assert kept.find(None, HASH) == TEXT
    with pytest.raises(PersistedQueryNotFound):
        kept.find(None, hash_of(OTHER))


def test_all_remembered_texts_together_are_bounded() -> None:
    kept = PersistedDocuments(size=1_000)
    texts = ["#" * (MOST_CHARACTERS // 3) + f"{n}" for n in range(4)]
    for text in texts:
        kept.remember(text, hash_of(text))
    assert kept.find(None, hash_of(texts[3])) == texts[3]
    with pytest.raises(PersistedQueryNotFound):
        kept.find(None, hash_of(texts[0]))
    longest = "#" * (MOST_CHARACTERS + 1)
    kept.remember(longest, hash_of(longest))
    with pytest.raises(PersistedQueryNotFound):
        kept.find(None, hash_of(longest))


def test_a_gateway_that_remembers_nothing_says_so() -> None:
    kept = PersistedDocuments(size=0)
    kept.remember(TEXT, HASH)
    with pytest.raises(PersistedQueryNotSupported, match=r"^PersistedQueryNotSupported$"):
        kept.find(None, HASH)
    assert kept.find(TEXT, None) == TEXT


def test_a_locked_gateway_runs_registered_documents_alone() -> None:
    locked = PersistedDocuments({HASH: TEXT}, locked=True, size=1_000)
    assert locked.find(None, HASH) == TEXT
    assert locked.find(TEXT, None) == TEXT
    assert locked.find(TEXT, HASH) == TEXT
    locked.remember(OTHER, hash_of(OTHER))
    for text, digest in ((OTHER, None), (OTHER, hash_of(OTHER)), (None, hash_of(OTHER)), (TEXT + " ", None)):
        with pytest.raises(DocumentNotTrusted):
            locked.find(text, digest)


def test_other_gateways_are_exempt_from_the_lock() -> None:
    assert PersistedDocuments({HASH: TEXT}, locked=True).find(OTHER, None, exempt=True) == OTHER


def test_an_open_gateway_serves_registered_documents_too() -> None:
    kept = PersistedDocuments({HASH: TEXT}, size=0)
    assert kept.find(None, HASH) == TEXT
    assert kept.find(OTHER, None) == OTHER


def test_each_operation_is_registered_with_the_fragments_that_it_needs(tmp_path: Path, documents: Documents) -> None:
    screens, parts = tmp_path / "screens.graphql", tmp_path / "parts.graphql"
    screens.write_text("query A { viewer { ...V } }\nquery B { viewer { subject } }\n", encoding="utf-8")
    parts.write_text(
        "fragment V on Viewer { agency { ...G } }\nfragment G on Agency { name }\nfragment X on Viewer { subject }"
    )
    found = register([screens, parts], documents)
    texts = sorted(found.values())
    assert [text.count("fragment") for text in texts] == [2, 0]
    assert "query A" in texts[0]
    assert "fragment X" not in texts[0]
    assert all(hash_of(text) == digest for digest, text in found.items())


def test_a_file_that_is_complete_is_registered_as_it_stands_too(tmp_path: Path, documents: Documents) -> None:
    file = tmp_path / "one.graphql"
    file.write_bytes(b"query A {viewer {subject}}\r\nquery B {viewer {...V}} fragment V on Viewer {purpose}\r\n")
    found = register([file], documents)
    assert file.read_bytes().decode() in found.values()
    assert len(found) == 3


def test_the_screens_of_the_docs_can_be_registered_and_read_back(tmp_path: Path, documents: Documents) -> None:
    screens = Path(__file__).parents[3] / "docs" / "screens.graphql"
    registry = tmp_path / "trusted.json"
    registry.write_text(json.dumps(register([screens], documents)), encoding="utf-8")
    assert len(read_registry(registry, documents)) == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("query A { viewer { ...Gone } }", "fragment Gone: in none of the files"),
        ("query A { viewer { nothing } }", "A: The document does not fit the schema"),
        ("query A {", "line 1, column 10: not GraphQL"),
        ("{" * 5_000, "not GraphQL"),
        ("fragment V on Viewer { subject }", "No operation in these files"),
        ("fragment V on Viewer { subject } fragment V on Viewer { purpose } { viewer { ...V } }", "defined twice"),
    ],
)
def test_what_cannot_be_registered_is_named(tmp_path: Path, documents: Documents, text: str, said: str) -> None:
    file = tmp_path / "one.graphql"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match=said):
        register([file], documents)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "must be an object"),
        (json.dumps({HASH: OTHER}), "is not its document's SHA-256"),
        (json.dumps({HASH: 7}), "is not its document's SHA-256"),
        (json.dumps({hash_of("{ nothing }"): "{ nothing }"}), "does not fit the schema"),
    ],
)
def test_a_registry_that_cannot_be_used_stops_the_start(
    tmp_path: Path, documents: Documents, content: str, said: str
) -> None:
    registry = tmp_path / "trusted.json"
    registry.write_text(content, encoding="utf-8")
    with pytest.raises(RegistryError, match=said):
        read_registry(registry, documents)
