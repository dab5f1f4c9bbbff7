"""The space of facts: everything on which policies may turn, as variables of diagrams.

Read from the Cedar schema, the vocabulary and the numbers that policies name; no fact is known here by name.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, combinations
from typing import TypeVar

from pydantic import ValidationError

from gateway.authorization.policy_set import PolicySet
from gateway.claims import ViewerClaims
from gateway.policy.diagram import Diagrams, Node, Value, Variable
from gateway.policy.schema_text import Attribute, FactType, Schema, SchemaUnread, read_schema, short
from schema.enums import AgencyKind, Purpose, Role
from schema.label import Label

Member = TypeVar("Member", bound=Hashable)

_LISTED = {name: place for words in (Label, Role) for place, name in enumerate(words.__members__)}

ABSENT = "(absent)"  # the value of an optional fact that is not given


@dataclass(frozen=True, slots=True)
class Uid:
    """An entity, its type without namespace."""

    kind: str
    id: str

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity of the vocabulary: all its ancestors and its own attributes."""

    ancestors: frozenset[Uid]
    attributes: Mapping[str, object]


class Vocabulary:
    """What is the same for every question: schema, labels and roles with their groups, actions."""

    def __init__(self, policies: PolicySet) -> None:
        self.schema: Schema = read_schema(policies.schema_text)
        self.entities = {**_entities(str(policies.vocabulary)), **_actions(self.schema)}
        asked = {name: action for name, action in self.schema.actions.items() if action.principals}
        principals = {kind for action in asked.values() for kind in action.principals}
        if len(principals) != 1:
            raise SchemaUnread(
                f"actions apply to {len(principals)} types of principal; the tools know one, the viewer"
            )
        self.viewer = principals.pop()
        self.actions = tuple(asked)
        self.roles = self._members(*self.schema.entities[self.viewer].parents)
        self.labels = self._members(*{kind for action in asked.values() for kind in action.resources})
        self.facts: dict[str, Attribute] = {
            **self.schema.entities[self.viewer].attributes,
            **{f"context.{name}": one for action in asked.values() for name, one in action.context.items()},
        }

    def domain(self, kind: str) -> tuple[Uid, ...]:
        """Every entity of a type: those that the schema enumerates, else those in the vocabulary."""
        declared = self.schema.entities.get(kind)
        if declared is not None and declared.members:
            return tuple(Uid(kind, member) for member in declared.members)
        return tuple(sorted((uid for uid in self.entities if uid.kind == kind), key=_place))

    def _members(self, *kinds: str) -> tuple[str, ...]:
        return tuple(uid.id for kind in kinds for uid in self.domain(kind))


class Space:
    """The variables of one or several policy sets, and the diagrams over them."""

    def __init__(self, vocabularies: Sequence[Vocabulary], numbers: Sequence[int] = ()) -> None:
        self.roles = _united(vocabulary.roles for vocabulary in vocabularies)
        self.facts: dict[str, Attribute] = {}
        for vocabulary in vocabularies:
            for name, attribute in vocabulary.facts.items():
                if self.facts.setdefault(name, attribute).type != attribute.type:
                    raise SchemaUnread(f"the fact {name} is of another type on the other side")
        # Between two numbers that no policy names all others are alike.
        values = tuple(sorted({near for number in (0, *numbers) for near in (number - 1, number, number + 1)}))
        found = list(self._variables(vocabularies, values))
        choices = [one for one in found if len(one.values) > 2]  # on top: they part the rest best
        switches = [one for one in found if len(one.values) <= 2]
        self.variables = (*choices, *(Variable(role_variable(role), (False, True)) for role in self.roles), *switches)
        self.values = {one.name: one.values for one in self.variables}
        self.diagrams = Diagrams(self.variables)

    @property
    def ties(self) -> tuple[Variable, ...]:
        """The variables that are not roles."""
        return tuple(one for one in self.variables if not one.name.startswith("role:"))

    def only(self, *roles: str) -> dict[str, Value]:
        """The facts of somebody who has these roles and no others."""
        return {role_variable(role): role in roles for role in self.roles}

    def possible(self) -> Node:
        """Where the roles are ones that a token can hold together: at least one, and none that stands alone."""
        diagrams = self.diagrams
        role = {name: diagrams.holds(role_variable(name)) for name in self.roles}
        apart = [diagrams.both(role[a], role[b]) for a, b in combinations(self.roles, 2) if not _go_together(a, b)]
        return diagrams.without(diagrams.either(*role.values()), diagrams.either(*apart))

    def _variables(self, vocabularies: Sequence[Vocabulary], numbers: tuple[int, ...]) -> Iterator[Variable]:
        for name, attribute in self.facts.items():
            kind = attribute.type
            domain = _united(vocabulary.domain(kind.of) for vocabulary in vocabularies) if kind.of else ()
            if kind.kind == "set":
                if not attribute.is_required:
                    yield Variable(name, (ABSENT, True))
                yield from (Variable(element_variable(name, member), (False, True)) for member in domain)
                continue
            values = _values(kind, domain, numbers)
            yield Variable(name, values if attribute.is_required else (ABSENT, *values))


def role_variable(role: str) -> str:
    """The variable that says whether the viewer has a role."""
    return f"role:{role}"


def element_variable(fact: str, member: Uid) -> str:
    """The variable that says whether a set holds a member."""
    return f"{fact}:{member.id}"


def _place(uid: Uid) -> tuple[int, str]:
    """Labels and roles as the graph lists them, others by name: Cedar keeps no order."""
    return (_LISTED.get(uid.id, 0), uid.id)


def _values(kind: FactType, domain: tuple[Uid, ...], numbers: tuple[int, ...]) -> tuple[Value, ...]:
    if kind.kind == "Bool":
        return (False, True)
    if kind.kind == "Long":
        return numbers
    # What the tools cannot enumerate gets one value that no policy may touch; see symbols.py.
    return domain if kind.kind == "entity" and domain else (ABSENT,)


def _united(groups: Iterable[Iterable[Member]]) -> tuple[Member, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(groups)))


@cache
def _go_together(role: str, other: str) -> bool:
    """Whether one token can bear both roles, as the reader of tokens decides."""
    agency = {"code": "x", "name": "x", "kind": next(iter(AgencyKind)).name, "jurisdiction": "320000"}
    claims = {"sub": "x", "agency": agency, "roles": [role, other], "purpose": next(iter(Purpose)).name}
    return any(_is_read({**claims, **more}) for more in ({}, {"person": "x"}))


def _is_read(claims: Mapping[str, object]) -> bool:
    try:
        ViewerClaims.model_validate(claims)
    except ValidationError:
        return False
    return True


def _entities(text: str) -> dict[Uid, Entity]:
    """The vocabulary with each entity's ancestors; Cedar prints parents alone."""
    listed = json.loads(text)
    parents = {_uid(one["uid"]): frozenset(map(_uid, one["parents"])) for one in listed}
    return {
        _uid(one["uid"]): Entity(
            _ancestors(_uid(one["uid"]), parents), {name: _plain(value) for name, value in one["attrs"].items()}
        )
        for one in listed
    }


def _actions(schema: Schema) -> dict[Uid, Entity]:
    parents = {
        Uid("Action", name): frozenset(Uid("Action", parent) for parent in action.parents)
        for name, action in schema.actions.items()
    }
    return {uid: Entity(_ancestors(uid, parents), {}) for uid in parents}


def _ancestors(uid: Uid, parents: Mapping[Uid, frozenset[Uid]]) -> frozenset[Uid]:
    found: set[Uid] = set()
    waiting = list(parents.get(uid, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(parents.get(one, ()))
    return frozenset(found)


def _uid(written: Mapping[str, str]) -> Uid:
    return Uid(short(written["type"]), written["id"])


def _plain(value: object) -> object:
    """A value of an entity's attribute; an entity is written as {"__entity": ...} or as its uid."""
    if isinstance(value, dict):
        inner = value.get("__entity", value)
        return _uid(inner) if isinstance(inner, dict) and inner.keys() >= {"type", "id"} else None
    return frozenset(map(_plain, value)) if isinstance(value, list) else value
