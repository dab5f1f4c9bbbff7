"""Reads a Cedar schema for what a decision may turn on: entity types, facts, actions, and what each fact means.

Cedar hands out no parsed schema, and its own printing drops the comments that say what a fact means. The text was
checked by Cedar before it comes here; what this reader does not know, it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.policy.errors import PolicyToolError

_TOKEN: Final = re.compile(
    r"(?P<comment>//[^\n]*)|(?P<space>\s+)|(?P<string>\"(?:\\.|[^\"\\])*\")|(?P<name>[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*)"
    r"|(?P<mark>[{}\[\]()<>,;:?=@])"
)
_BUILT_IN: Final = {"Bool": "Bool", "Boolean": "Bool", "Long": "Long", "String": "String"}


class SchemaUnread(PolicyToolError):
    """A schema that Cedar takes and the tools do not; the message says where and what."""


@dataclass(frozen=True, slots=True)
class FactType:
    """What a fact may hold: `kind` is Bool, Long, entity, set or other; `of` is an entity type's name."""

    kind: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute as the schema declares it."""

    name: str
    type: FactType
    is_required: bool
    meaning: str  # the comment beside it, or its @doc


@dataclass(slots=True)
class EntityType:
    """One entity type."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    members: tuple[str, ...] = ()  # of an enumerated type


@dataclass(slots=True)
class Action:
    """One action: the groups it belongs to, and what it may be asked of."""

    parents: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    context: dict[str, Attribute] = field(default_factory=dict)


@dataclass(slots=True)
class Schema:
    """A schema; names are without their namespace."""

    entities: dict[str, EntityType] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    types: dict[str, FactType | Mapping[str, Attribute]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    line: int
    kind: str


def read_schema(text: str) -> Schema:
    """The schema in a text, or SchemaUnread."""
    return _Reader(text).read()


def short(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("::")[2]


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[_Token] = []
        self._beside: dict[int, str] = {}  # line -> comment that follows something on that line
        self._alone: dict[int, str] = {}  # line -> comment that stands alone
        self._place = 0
        self._schema = Schema()
        self._take_apart(text)

    def read(self) -> Schema:
        while not self._is_at_end:
            self._annotations()
            word = self._next()
            if word == "namespace":
                self._next()
                self._expect("{")
            elif word == "entity":
                self._entity()
            elif word == "action":
                self._action()
            elif word == "type":
                self._type_declaration()
            elif word != "}":
                raise SchemaUnread(f"line {self._tokens[self._place - 1].line}: {word!r} is not understood here")
        return self._schema

    # ---- tokens -------------------------------------------------------------------------------------------------

    def _take_apart(self, text: str) -> None:
        place, line, last = 0, 1, 0
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise SchemaUnread(f"line {line}: {text[place]!r} is not understood")
            kind, found = str(match.lastgroup), match.group()
            if kind == "comment":
                (self._beside if last == line else self._alone)[line] = found.removeprefix("//").strip()
            elif kind != "space":
                self._tokens.append(_Token(found, line, kind))
                last = line
            line += found.count("\n")
            place = match.end()

    @property
    def _is_at_end(self) -> bool:
        return self._place >= len(self._tokens)

    def _next(self) -> str:
        if self._is_at_end:
            raise SchemaUnread("the text ends too early")
        self._place += 1
        return self._tokens[self._place - 1].text

    def _peek(self) -> str:
        return "" if self._is_at_end else self._tokens[self._place].text

    def _took(self, text: str) -> bool:
        if self._peek() != text:
            return False
        self._place += 1
        return True

    def _expect(self, text: str) -> None:
        found = self._next()
        if found != text:
            raise SchemaUnread(f"line {self._tokens[self._place - 1].line}: {text!r} is expected, not {found!r}")

    # ---- declarations -------------------------------------------------------------------------------------------

    def _annotations(self) -> str:
        doc = ""
        while self._took("@"):
            name = self._next()
            if self._took("("):
                value = _unquoted(self._next())
                doc = value if name == "doc" else doc
                self._expect(")")
        return doc

    def _names(self) -> tuple[str, ...]:
        found = [_unquoted(self._next())]
        while self._took(","):
            found.append(_unquoted(self._next()))
        return tuple(found)

    def _listed(self) -> tuple[str, ...]:
        if not self._took("["):
            return (_unquoted(self._next()),)
        found = []
        while not self._took("]"):
            found.append(_unquoted(self._next()))
            self._took(",")
        return tuple(found)

    def _entity(self) -> None:
        names = self._names()
        declared = EntityType()
        if self._took("enum"):
            declared.members = self._listed()
        if self._took("in"):
            declared.parents = tuple(map(short, self._listed()))
        if self._took("=") or self._peek() == "{":
            declared.attributes = self._record()
        if self._took("tags"):
            self._type()
        self._expect(";")
        self._schema.entities.update(dict.fromkeys(names, declared))

    def _action(self) -> None:
        names = self._names()
        declared = Action()
        if self._took("in"):
            declared.parents = tuple(map(short, self._listed()))
        if self._took("appliesTo"):
            self._applies_to(declared)
        self._expect(";")
        self._schema.actions.update(dict.fromkeys(names, declared))

    def _applies_to(self, declared: Action) -> None:
        self._expect("{")
        while not self._took("}"):
            part = self._next()
            self._expect(":")
            if part == "context":
                declared.context = self._record() if self._peek() == "{" else dict(self._named_record(self._next()))
            elif part == "principal":
                declared.principals = tuple(map(short, self._listed()))
            else:
                declared.resources = tuple(map(short, self._listed()))
            self._took(",")

    def _type_declaration(self) -> None:
        name = self._next()
        self._expect("=")
        self._schema.types[name] = self._record() if self._peek() == "{" else self._type()
        self._expect(";")

    def _named_record(self, name: str) -> Mapping[str, Attribute]:
        found = self._schema.types.get(short(name))
        if not isinstance(found, Mapping):
            raise SchemaUnread(f"the record type {name!r} must be declared before it is used")
        return found

    def _record(self) -> dict[str, Attribute]:
        self._expect("{")
        found: dict[str, Attribute] = {}
        while not self._took("}"):
            doc = self._annotations()
            line = self._tokens[self._place].line
            name = _unquoted(self._next())
            is_required = not self._took("?")
            self._expect(":")
            kind = self._type()
            self._took(",")
            found[name] = Attribute(name, kind, is_required, doc or self._meaning(line))
        return found

    def _meaning(self, line: int) -> str:
        if line in self._beside:
            return self._beside[line]
        above: list[str] = []
        while (line := line - 1) in self._alone:
            above.insert(0, self._alone[line])
        return " ".join(above)

    def _type(self) -> FactType:
        if self._peek() == "{":
            self._record()
            return FactType("other", "a record")
        name = short(self._next())
        if name == "Set":
            self._expect("<")
            inner = self._type()
            self._expect(">")
            return FactType("set", inner.of) if inner.kind == "entity" else FactType("other", f"Set<{inner.kind}>")
        if name in _BUILT_IN:
            return FactType(_BUILT_IN[name])
        named = self._schema.types.get(name)
        if isinstance(named, FactType):
            return named
        return FactType("other", name) if named is not None else FactType("entity", name)


def _unquoted(text: str) -> str:
    return text[1:-1] if text.startswith('"') else text
