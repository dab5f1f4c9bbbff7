"""A full set of facts in its three forms: as the gateway derives it, as diagrams take it, and as people write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields

from gateway.authorization.attributes import attributes_of
from gateway.authorization.decision import Facts
from gateway.policy.diagram import Value
from gateway.policy.errors import PolicyToolError
from gateway.policy.schema_text import Attribute
from gateway.policy.space import ABSENT, Space, Uid, element_variable, role_variable
from schema.label import Label


class FactsError(PolicyToolError):
    """Facts that cannot be understood; says which word, and which ones are known."""


def facts_of(space: Space, values: Mapping[str, Value]) -> Facts:
    """The decision signature of some facts; KeyError if the schema lacks one that the gateway derives."""
    given: dict[str, object] = {"roles": frozenset(role for role in space.roles if values[role_variable(role)])}
    for field in fields(Facts):
        if field.name in given:
            continue
        name = _camel(field.name)
        found = _fact(space, name, space.facts[name], values)
        if isinstance(found, frozenset) and "Label" in str(field.type):
            found = frozenset(Label(one) for one in found)
        given[field.name] = found
    return Facts(**given)  # type: ignore[arg-type]  # each field by the type that the schema gives it


def values_of(space: Space, facts: Facts) -> dict[str, Value]:
    """The variables of a decision signature."""
    values = space.only(*facts.roles)
    written = attributes_of(facts)
    for name, attribute in space.facts.items():
        values.update(_variables(space, name, attribute, written.get(name)))
    return values


def parsed(space: Space, words: Iterable[str]) -> dict[str, Value]:
    """Facts as people write them, over those that hold of nobody in particular: all false, empty, the first word.

    `responsible` or `responsible=true`, `legalBasis=false`, `purpose=AUDIT`, `roles=A,B`, `consented=HEALTH,FAMILY`.
    """
    values: dict[str, Value] = {one.name: one.values[0] for one in space.variables}
    for word in words:
        name, has_value, text = word.partition("=")
        if name in {"role", "roles"}:
            values |= space.only(*_members(name, text, space.roles))
        elif name in space.facts:
            values.update(_written(space, name, text if has_value else "true"))
        else:
            raise FactsError(f"{name}: no such fact. Use one of roles, {', '.join(space.facts)}.")
    return values


def written(space: Space, values: Mapping[str, Value]) -> dict[str, object]:
    """Facts as JSON: roles and every fact by its name, entities by their ids."""
    found: dict[str, object] = {"roles": [role for role in space.roles if values[role_variable(role)]]}
    for name, attribute in space.facts.items():
        value = _fact(space, name, attribute, values)
        found[name] = sorted(value) if isinstance(value, frozenset) else value
    return found


def in_words(space: Space, values: Mapping[str, Value]) -> str:
    """Facts as one line that `parsed` reads again; what is false or empty is left out."""
    parts = []
    for name, value in written(space, values).items():
        if isinstance(value, list):
            parts += [f"{name}={','.join(value)}"] if value else []
        elif value is True:
            parts.append(name)
        elif value is not False and value is not None:
            parts.append(f"{name}={value}")
    return " ".join(parts)


def _fact(space: Space, name: str, attribute: Attribute, values: Mapping[str, Value]) -> object:
    if attribute.type.kind == "set":
        prefix = element_variable(name, Uid("", ""))
        chosen = (one for one in space.values if one.startswith(prefix) and values[one])
        return frozenset(one.removeprefix(prefix) for one in chosen)
    value = values[name]
    return value.id if isinstance(value, Uid) else None if value == ABSENT else value


def _variables(space: Space, name: str, attribute: Attribute, value: object) -> Iterator[tuple[str, Value]]:
    """The variables of one fact in Cedar's JSON form."""
    if attribute.type.kind == "set":
        held = {_entity(one) for one in value} if isinstance(value, list) else set()
        if name in space.values:
            yield name, True if isinstance(value, list) else ABSENT
        prefix = element_variable(name, Uid("", ""))
        for variable in space.values:
            if variable.startswith(prefix):
                yield variable, variable.removeprefix(prefix) in held
    elif isinstance(value, dict):
        yield name, Uid(attribute.type.of, _entity(value))
    elif isinstance(value, bool) or attribute.type.kind != "Long":
        yield name, ABSENT if value is None else value
    else:
        yield name, _alike(space, name, value)


def _alike(space: Space, name: str, value: object) -> Value:
    """The number among those of the space that no policy can tell from this one."""
    numbers = [one for one in space.values[name] if isinstance(one, int)]
    return max(numbers[0], min(numbers[-1], value)) if isinstance(value, int) else ABSENT


def _written(space: Space, name: str, text: str) -> Iterator[tuple[str, Value]]:
    attribute = space.facts[name]
    kind = attribute.type.kind
    if kind == "set":
        prefix = element_variable(name, Uid("", ""))
        known = [one.removeprefix(prefix) for one in space.values if one.startswith(prefix)]
        chosen = _members(name, text, known)
        yield from ((prefix + member, member in chosen) for member in known)
        if name in space.values:
            yield name, True
    elif kind == "Bool":
        if text.lower() not in {"true", "false"}:
            raise FactsError(f"{name}: is true or false.")
        yield name, text.lower() == "true"
    elif kind == "Long":
        if not re.fullmatch(r"-?\d{1,18}", text):
            raise FactsError(f"{name}: is a whole number.")
        yield name, _alike(space, name, int(text))
    else:
        known = [one.id for one in space.values[name] if isinstance(one, Uid)]
        (chosen_one,) = _members(name, text, known)[:1] or [""]
        yield name, Uid(attribute.type.of, chosen_one)


def _members(name: str, text: str, known: Iterable[str]) -> list[str]:
    found = [part for part in text.split(",") if part]
    if not set(found) <= set(known) or not found:
        raise FactsError(f"{name}: no such word. Use some of {', '.join(known)}.")
    return found


def _entity(value: object) -> str:
    inner = value.get("__entity", value) if isinstance(value, dict) else {}
    return str(inner.get("id"))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
