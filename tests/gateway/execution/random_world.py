"""Random valid queries, dirty records, failing sources and policies, all from one seed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)

from adapters.contract import Record
from gateway.audit.record import AccessedField, AccessRecord
from gateway.authorization.decision import Effect
from gateway.viewer import Viewer
from schema.codes import check_digit
from schema.entities import ENTITIES, Column, Kind
from schema.enums import Quality
from schema.label import Label
from tests.gateway.audit.accesses import access
from tests.gateway.execution.world import NOW, SCHEMA, TOKENS, LabelAuthorizer, Small, house, record, viewer

NUMBERS = [body + check_digit(body) for body in (f"3299011985031{day}00{day}" for day in range(1, 7))]
PEOPLE = [token for number in NUMBERS if (token := TOKENS.mint(number))]
SOURCES = ("police", "facility", "aid")
_REGIONS = ("320102", "320102901", "330106", "320684", None)
_DEEPEST = 7


class Dice:
    """Draws everything from one seed, so that a failure is repeated by its number."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._aliases = count(1)

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return self.random.random() < share

    # ---- records ------------------------------------------------------------------------------------------------

    def value(self, column: Column) -> object:
        """Something that an adapter may hand over for a column, often nothing."""
        random = self.random
        if self.chance(0.2):
            return None
        if column.enum is not None:
            return random.choice(list(column.enum.__members__))
        if column.kind is Kind.DATE:
            return date(2022, 1, 1) + timedelta(days=random.randrange(1700))
        if column.kind is Kind.DATETIME:
            return datetime(2024, 5, 1, 9, 30, tzinfo=UTC) + timedelta(hours=random.randrange(9000))
        if column.kind is Kind.BOOLEAN:
            return self.chance(0.5)
        if column.kind is Kind.INTEGER:
            return random.randrange(-3, 40)
        if column.kind is Kind.TEXTS:
            return tuple(random.choices(("冰毒", "", "a\u0000b", "䶮"), k=random.randrange(3)))
        if column.name.endswith("Code"):
            return random.choice(_REGIONS)
        return random.choice(("甲", "", "A·B", "𬭊" * 9, '"\\\u2028', "01"))

    def records(self, source: str, token: str) -> dict[str, list[Record]]:
        """What one source holds of one person."""
        found: dict[str, list[Record]] = {}
        key = f"{source}-{PEOPLE.index(token)}"
        for name, entity in ENTITIES.items():
            count = 1 if name == "PersonRecord" else self.random.choice((0, 0, 1, 2))
            for number in range(count):
                columns = [one for one in entity.columns.values() if self.chance(0.6)]
                values = {one.name: self.value(one) for one in columns}
                flagged = [one.name for one in columns if self.chance(0.05)]
                own = key if name == "PersonRecord" else f"{key}-{name}-{number}"
                found.setdefault(name, []).append(
                    record(
                        source,
                        own,
                        key,
                        dataset=name,
                        as_of=NOW - timedelta(days=self.random.randrange(900)) if self.chance(0.7) else None,
                        flags={flag: self.random.choice(list(Quality)) for flag in flagged},
                        **values,
                    )
                )
        return found

    def house(self, *, reference: bool) -> Small:
        """A house of six people in three sources under a random policy."""
        rows = {
            source: {token: self.records(source, token) for token in PEOPLE if self.chance(0.8)} for source in SOURCES
        }
        effects = {
            label: self.random.choice((Effect.ALLOW, Effect.ALLOW, Effect.MASK, Effect.DENY)) for label in Label
        }
        if self.chance(0.9):
            effects[Label.EXISTENCE] = Effect.ALLOW
        unfilterable = {label for label in Label if self.chance(0.2)}
        made = house(
            rows,
            precedence={source: self.random.randrange(3) for source in SOURCES},
            authorizer=LabelAuthorizer(effects, unfilterable),
            reference=reference,
        )
        made.sources.down.update(source for source in SOURCES if self.chance(0.1))
        made.audit.kept.extend(self.access(number) for number in range(self.random.randrange(6)))
        return made

    def access(self, number: int) -> AccessRecord:
        """Something on record about some of the people."""
        random = self.random
        shown = [
            AccessedField(f"person.{label.value.lower()}", label.value, random.choice(list(Effect)).name, ("T-1",))
            for label in random.sample(list(Label), random.randrange(5))
        ]
        return access(
            number,
            persons=tuple(random.sample(PEOPLE, random.randrange(3))),
            fields=tuple(shown),
            outcome=random.choice(("OK", "PARTIAL", "DENIED", "REFUSED", "FAILED")),
            purpose=random.choice(("AFTERCARE", "HANDOFF", "")),
            via=random.choice(((), ("yiti-zhejiang",))),
        )

    def viewer(self) -> Viewer:
        """An officer, or an auditor, who may read the access log whole."""
        return viewer("AUDITOR", "AUDIT") if self.chance(0.4) else viewer()

    # ---- queries ------------------------------------------------------------------------------------------------

    def query(self) -> str:
        """A valid operation with aliases, fragments, directives and merged fields."""
        roots = [self._root(number) for number in range(self.random.choice((1, 1, 2, 3)))]
        return (
            "query Random($on: Boolean!, $off: Boolean!, $people: [_Any!]!) { "
            + " ".join(roots)
            + " every: _entities(representations: $people) { ...Names"
            + " ... on Person @include(if: $on) @skip(if: $off) { currentMeasure { ...Held } } } all: __typename }"
            + " fragment Names on Person { id name otherNames { kind value } ...Places }"
            + " fragment Places on Person { residence { address jurisdiction { code level } } }"
            + " fragment Held on CompulsoryIsolation { phase startsOn held: endedOn }"
        )

    def variables(self) -> dict[str, object]:
        """Fresh variables for that operation."""
        return {
            "on": True,
            "off": False,
            "people": [{"__typename": "Person", "id": one} for one in (*PEOPLE[:3], PEOPLE[0])],
        }

    def _root(self, number: int) -> str:
        query = SCHEMA.query_type
        assert query is not None
        token = self.random.choice(PEOPLE)
        calls = {
            "person": f'person(id: "{token}")',
            "node": f'node(id: "{token}")',
            "lookup": f'lookup(document: {{number: "{self.random.choice(NUMBERS)}"}})',
            "_entities": "_entities(representations: $people)",
            "persons": 'persons(filter: {residence: {under: "320100"}}, first: 4)',
            "cases": 'cases(filter: {responsibleJurisdiction: {under: "320100"}}, first: 3)',
            "viewer": "viewer",
            "accesses": f'accesses(filter: {{person: "{token}"}}, first: 3)',
            "agencies": "agencies",
            "jurisdiction": 'jurisdiction(code: "320684")',
            "sources": "sources",
        }
        name = self.random.choice(list(calls) + ["person"] * 6)
        fields = self._selection(get_named_type(query.fields[name].type), 1)
        return f"r{number}: {calls[name]} {fields}"

    def _selection(self, kind: Any, depth: int, *, apart: bool = False) -> str:
        parts = ["__typename"] if self.chance(0.3) or isinstance(kind, GraphQLUnionType) else []
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            names = [name for name in kind.fields if self._may(kind.fields[name].type, depth)]
            share = 0.5 if depth < 4 else 0.3
            chosen = [name for name in names if self.chance(share)] or names[:1]
            parts += [self._field(kind, name, depth, apart=apart) for name in chosen]
            if chosen and not apart and self.chance(0.2):
                parts.append(self._field(kind, chosen[0], depth, plain=True))  # merges with the first
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            for possible in SCHEMA.get_possible_types(kind):
                if self.chance(0.4):
                    parts.append(f"... on {possible.name} {self._selection(possible, depth + 1, apart=True)}")
        if kind.name == "Person" and self.chance(0.5):
            parts.append("...Names" + self._directive())
        if kind.name == "Measure" and self.chance(0.5):
            parts.append("...Held")
        return "{ " + " ".join(parts or ["__typename"]) + " }"

    def _may(self, kind: Any, depth: int) -> bool:
        return is_leaf_type(get_named_type(kind)) or depth < _DEEPEST

    def _directive(self) -> str:
        return self.random.choice(("", "", "", " @include(if: $on)", " @skip(if: $on)", " @include(if: $off)"))

    def _field(self, kind: Any, name: str, depth: int, *, plain: bool = False, apart: bool = False) -> str:
        definition = kind.fields[name]
        given = self._arguments(definition.args)
        inner = get_named_type(definition.type)
        below = "" if is_leaf_type(inner) else " " + self._selection(inner, depth + 1)
        # Fields with arguments, and those of one of several possible types, are aliased apart lest they conflict.
        is_aliased = given or apart or (not plain and self.chance(0.2))
        alias = f"a{next(self._aliases)}: " if is_aliased else ""
        return f"{alias}{name}{given}{'' if plain else self._directive()}{below}"

    def _arguments(self, arguments: dict[str, GraphQLArgument]) -> str:
        if "for" in arguments:
            return "(for: TEMPORARY_RELIEF)"
        if "first" in arguments:
            return f"(first: {self.random.choice((1, 2, 20, 500 if self.chance(0.05) else 3))})"
        return ""
