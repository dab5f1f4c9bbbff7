"""Labels before the start: exactly one, nullable, printed, the same in interface and implementation."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType

from schema.build import build
from schema.declare import DeclarationError, Labelled, declaration_of, derived_field, grouped, sourced
from schema.derived import DERIVATIONS
from schema.entities import column
from schema.label import Label
from schema.labelling import check

NAME, NUMBER = column("PersonRecord", "name"), column("PersonRecord", "idNumber")


def _with(shown: type) -> strawberry.federation.Schema:
    query = type("Query", (), {"__annotations__": {"one": shown}, "one": strawberry.field(resolver=lambda: None)})
    query.one.base_resolver.wrapped_func.__annotations__["return"] = shown  # type: ignore[attr-defined]
    return strawberry.federation.Schema(query=strawberry.type(query))


@strawberry.type
class Unlabelled:
    name: str | None = sourced(NAME)
    nickname: str | None = None


@strawberry.type
class Required:
    name: str = sourced(NAME)


def _field_of(label: Label, **change: Any) -> Any:
    made = sourced(NAME)
    made.directives = [Labelled(name=label)]
    for name, value in change.items():
        setattr(made, name, value)
    return made


@strawberry.type
class Mislabelled:
    name: str | None = _field_of(Label.PUBLIC)


@strawberry.type
class TwiceLabelled:
    name: str | None = _field_of(
        Label.IDENTITY, directives=[Labelled(name=Label.IDENTITY), Labelled(name=Label.POLICE)]
    )


@strawberry.type
class Misdescribed:
    name: str | None = _field_of(Label.IDENTITY, description="姓名 [PUBLIC]")


@strawberry.interface
class Promise:
    number: str | None = sourced(NUMBER)


@strawberry.type
class Looser(Promise):
    number: str | None = sourced(NAME)


@strawberry.type
class Dropped(Promise):
    number: str | None = strawberry.field(resolver=lambda: None)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (Unlabelled, r"Unlabelled\.nickname: bears no label"),
        (Required, r"Required\.name: bears IDENTITY and is not nullable"),
        (Mislabelled, r"Mislabelled\.name: bears IDENTITY, but its directive"),
        (TwiceLabelled, r"TwiceLabelled\.name: bears IDENTITY, but its directive"),
        (Misdescribed, r"Misdescribed\.name: bears IDENTITY, but its directive or description"),
        (Looser, r"Looser\.number: bears IDENTITY, but ID_NUMBER in Promise"),
        (Dropped, r"Dropped\.number: bears no label, but ID_NUMBER in Promise"),
    ],
)
def test_a_doubtful_label_stops_the_start(shown: type, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        check(_with(shown))


def test_every_labelled_field_of_the_graph_says_its_label_everywhere() -> None:
    seen = 0
    for kind in build()._schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for field in kind.fields.values():
            definition = field.extensions.get("strawberry-definition")
            declared = declaration_of(definition.metadata) if definition else None
            if declared:
                seen += 1
                assert (field.description or "").endswith(f"[{declared.label}]")
                assert [one.name for one in definition.directives] == [declared.label]
    assert seen > 120


def test_a_derived_field_bears_its_derivations_label_and_says_why_where_that_is_weaker() -> None:
    for name, derivation in DERIVATIONS.items():
        declared = declaration_of(derived_field(name).metadata)
        assert declared is not None
        assert declared.label is derivation.label
        stricter = {need.label for need in derivation.needs} - {derivation.label, Label.PUBLIC, Label.EXISTENCE}
        assert bool(stricter) == bool(derivation.declassifies)


def test_a_label_that_is_none_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="SECRET"):
        grouped(Label("SECRET"), "x", lambda root: root)
