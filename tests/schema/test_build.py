"""The schema is what it says: printed, labelled, nullable, a Federation 2 subgraph."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import strawberry
from graphql import GraphQLObjectType, build_schema

from schema.build import SDL_FILE, build, check, sdl
from schema.declare import DeclarationError, declaration_of, sourced
from schema.derived import Derivation, DerivationError
from schema.entities import ENTITIES, column
from schema.label import Label

ROOT = Path(__file__).parents[2]


@strawberry.type
class Person:
    """A type whose author forgot that a denial is a null."""

    name: str = sourced(column("PersonRecord", "name"))


@strawberry.type
class Careless:
    """Its root."""

    person: Person


def test_the_committed_sdl_is_what_the_code_prints() -> None:
    assert SDL_FILE.read_text(encoding="utf-8") == sdl(), "run `yiti schema > schema/unified.graphql` and commit it"


def test_the_sdl_is_valid_graphql_once_federation_is_linked() -> None:
    known = "directive @link(url: String!, import: [String!]) on SCHEMA\ndirective @key(fields: String!) on OBJECT\n"
    assert build_schema(known + sdl()).query_type is not None


def test_every_field_that_shows_a_column_bears_that_columns_label() -> None:
    declared = 0
    for kind in build()._schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("_"):
            for field in kind.fields.values():
                found = (
                    declaration_of(field.extensions["strawberry-definition"].metadata) if field.extensions else None
                )
                if found and found.needs and not found.derived and not found.rows:
                    declared += 1
                    assert {need.label for need in found.needs} == {found.label}
    assert declared > 80


def test_every_column_of_an_entity_says_what_it_is() -> None:
    for entity in ENTITIES.values():
        for one in entity.columns.values():
            assert one.entity == entity.name
            assert one.term
            assert (one.enum is not None) == (one.kind.value == "enum")


def test_a_sourced_field_that_is_not_nullable_stops_the_start() -> None:
    with pytest.raises(DeclarationError, match=r"Person\.name.*not nullable"):
        check(strawberry.federation.Schema(query=Careless))


def test_one_field_cannot_mix_labels() -> None:
    with pytest.raises(DeclarationError, match="several labels"):
        sourced(column("PersonRecord", "name"), column("PersonRecord", "idNumber"))


def test_a_derivation_that_tells_more_than_its_label_needs_a_reason() -> None:
    with pytest.raises(DerivationError, match="declassifies"):
        Derivation("x", Label.CUSTODY, "x", (column("Decision", "number"),), lambda _file, _today: None)


def _imports(folder: str) -> set[tuple[str, str]]:
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            found.update((str(path.relative_to(ROOT)), name) for name in names)
    return found


def test_schema_imports_nothing_of_the_other_rooms() -> None:
    assert not [one for one in _imports("schema") if one[1].split(".")[0] in {"gateway", "adapters", "mocks"}]


def test_adapters_share_only_words_and_code_tables_with_the_schema() -> None:
    allowed = ("schema.enums", "schema.entities", "schema.label", "schema.codes")
    for path, name in _imports("adapters"):
        room = name.split(".")[0]
        assert room not in {"gateway", "mocks"}, (path, name)
        assert room != "schema" or name.startswith(allowed), (path, name)


def test_httpx_has_one_seam() -> None:
    product = _imports("adapters") | _imports("gateway") | _imports("schema")
    users = {path for path, name in product if name.split(".")[0] == "httpx"}
    assert {path for path in users if not path.startswith("adapters/drivers/transport/")} == {
        "adapters/drivers/http.py"
    }
