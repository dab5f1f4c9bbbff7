from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.authorization.policy_set import read_policies
from gateway.policy.schema_text import Schema, SchemaUnread, read_schema

POLICIES = read_policies()


def _bare(schema: Schema) -> Schema:
    """Without what only people read, and in one order."""
    for entity in schema.entities.values():
        entity.attributes = {name: replace(one, meaning="") for name, one in sorted(entity.attributes.items())}
    for action in schema.actions.values():
        action.parents = tuple(parent.rpartition("::")[2].strip('"') for parent in action.parents)
    return schema


def test_the_text_is_read_as_cedar_prints_it() -> None:
    """Cedar's own printing of the schema is a second writing of the same thing."""
    printed = str(POLICIES.schema).replace('Action::"', '"')
    assert _bare(read_schema(POLICIES.schema_text)) == _bare(read_schema(printed))


def test_every_fact_says_what_it_means() -> None:
    viewer = read_schema(POLICIES.schema_text).entities["Viewer"]
    assert viewer.attributes["inMyTree"].meaning == "execution place, else residence, lies under my jurisdiction"


def test_forms_that_this_schema_does_not_use_are_read() -> None:
    schema = read_schema(
        """
        namespace Yiti {
          type Level = Long;
          type Terms = { "until"?: Long, };
          @doc("somebody")
          entity A, B in [C] = { // not a meaning
            // how far
            // they are trusted
            level: Level,
            @doc("ends") until?: __cedar::Long,
            marks: Set<C>,
            place: { code: String },
          } tags String;
          entity C;
          action "a", b in [c] appliesTo { principal: [A, B], resource: C, context: Terms, };
          action c;
        }
        """
    )
    a = schema.entities["A"]
    assert a is schema.entities["B"]
    assert a.parents == ("C",)
    assert (a.attributes["level"].type.kind, a.attributes["level"].meaning) == ("Long", "how far they are trusted")
    assert (a.attributes["until"].is_required, a.attributes["until"].meaning) == (False, "ends")
    assert (a.attributes["marks"].type.kind, a.attributes["marks"].type.of) == ("set", "C")
    assert a.attributes["place"].type.kind == "other"
    assert (schema.actions["b"].parents, schema.actions["b"].resources) == (("c",), ("C",))
    assert list(schema.actions["a"].context) == ["until"]


@pytest.mark.parametrize(
    "text", ["entity A", "entity A = { x: };", "%", "policy x;", "action a appliesTo { context: T };"]
)
def test_what_is_not_understood_is_said(text: str) -> None:
    with pytest.raises(SchemaUnread):
        read_schema(text)
