"""A random world in which every value that can be one is a mark found nowhere else, so that a leak is text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

from adapters.contract import Record
from schema.codes import check_digit
from schema.entities import ENTITIES, Column, Kind
from schema.enums import DecisionKind, MeasureKind, Quality
from tests.gateway.execution.random_world import PEOPLE, SOURCES
from tests.gateway.execution.world import NOW, record

AGENCIES = ("32police", "32facility", "32aid", "320100400000", "HOSP0001", "LEGAL0001", "SW000001")
"""Agencies for which viewers work: the sources' own three and four that only rows speak of."""
REGIONS = ("320102", "320684", "330106")
_POOLED = frozenset({"agencyCode", "responsiblePoliceCodes"})
_PLACES = frozenset({"domicileCode", "residenceCode", "executionPlaceCode"})
_FIRST = date(2016, 1, 2)
REGISTERED = frozenset(NOW.date() + timedelta(days=each) for each in (-30, -2, -1, 0, 1, 2, 30))
"""Days of consents and emergency accesses, which are no marks: whoever may see those sees the days."""

Rows = dict[str, dict[str, dict[str, list[Record]]]]


@dataclass(frozen=True)
class Cell:
    """One value of one record, and the texts by which it would be recognised."""

    person: str
    entity: str
    column: str
    value: object
    texts: tuple[str, ...]


class Marks:
    """Hands out values of every kind, none of them twice."""

    def __init__(self, random: Random) -> None:
        self._random = random
        days = [_FIRST + timedelta(days=each) for each in range(5_200)]
        self._days = [day for day in days if (day.month, day.day) != (1, 1) and day not in REGISTERED]
        born = [date(1950, 1, 2) + timedelta(days=each) for each in range(23_700)]
        self._births = [day for day in born if (day.month, day.day) != (1, 1)]
        random.shuffle(self._days)
        random.shuffle(self._births)
        self._used: set[str] = set()
        self._number = 9_100_000

    def text(self) -> str:
        """Six Chinese characters, of which no three stand together in another mark."""
        while True:
            found = "".join(chr(self._random.randrange(0x4E00, 0x9F00)) for _ in range(6))
            if self._used.isdisjoint(threes(found)):
                self._used.update(threes(found))
                return found

    def integer(self) -> int:
        """Seven digits of which two stand in no handle."""
        self._number += 10
        return self._number

    def phone(self) -> str:
        """A mobile number of no network."""
        return f"1990{self.integer()}"

    def day(self, column: str) -> date:
        """A day."""
        return (self._births if column == "birthDate" else self._days).pop()

    def place(self) -> str:
        """A township code that no list names, in one of a few counties."""
        while True:
            found = f"{self._random.choice(REGIONS)}{self._random.randrange(700, 1000)}"
            if found not in self._used:
                self._used.add(found)
                return found

    def id_number(self) -> str:
        """A number of a county that was never assigned."""
        body = f"329902{self.day('birthDate'):%Y%m%d}{self._random.randrange(1000):03}"
        return body + check_digit(body)


def threes(text: str) -> Iterator[str]:
    """Every three characters that stand together."""
    return (text[place : place + 3] for place in range(len(text) - 2))


@dataclass
class World:
    """Six people in three sources, and where each value stands."""

    seed: int
    rows: Rows = field(default_factory=dict)
    precedence: dict[str, int] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    seals: set[str] = field(default_factory=set)
    cells: list[Cell] = field(default_factory=list)

    def held(self, token: str) -> dict[str, dict[str, list[Record]]]:
        """What the sources that answer hold of a person, by source."""
        return {
            name: people[token] for name, people in self.rows.items() if token in people and name not in self.down
        }

    def holders(self, token: str) -> list[str]:
        """The sources that know a person, whether they answer or not."""
        return [name for name, people in self.rows.items() if token in people]


class Maker:
    """Makes one world from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.marks = Marks(self.random)
        self.world = World(seed)

    def make(self) -> World:
        """The world."""
        random, world = self.random, self.world
        world.precedence = dict(zip(SOURCES, random.sample(range(1, 9), len(SOURCES)), strict=True))
        world.down = {name for name in SOURCES if random.random() < 0.08}
        world.seals = {name for name in SOURCES if random.random() < 0.4}
        measures = {token: random.sample([one.name for one in MeasureKind], 6) for token in PEOPLE}
        orders = {token: random.sample([one.name for one in DecisionKind], 3) for token in PEOPLE}
        for place, name in enumerate(SOURCES):
            world.rows[name] = {
                token: self._records(name, token, measures[token][place * 2 : place * 2 + 2], orders[token][place])
                for token in PEOPLE
                if random.random() < 0.8
            }
        return world

    def _records(self, source: str, token: str, measures: list[str], order: str) -> dict[str, list[Record]]:
        key, found = f"{source}-{PEOPLE.index(token)}", {}
        for name, entity in ENTITIES.items():
            # No kind of measure or decision is reported by two sources, so that no two rows are joined to one.
            kinds: list[str | None] = (
                list(measures) if name == "Measure" else [order] if name == "Decision" else [None]
            )
            kinds = kinds[: self.random.randrange(1 if name == "PersonRecord" else 0, len(kinds) + 1)]
            found[name] = [
                self._record(source, token, key, name, list(entity.columns.values()), number, kind)
                for number, kind in enumerate(kinds)
            ]
        return {name: rows for name, rows in found.items() if rows}

    def _record(
        self, source: str, token: str, key: str, entity: str, columns: list[Column], number: int, kind: str | None
    ) -> Record:
        random = self.random
        chosen = [one for one in columns if random.random() < 0.75]
        values = {one.name: self._value(one) for one in chosen}
        if kind is not None:
            values["kind"] = kind
        for one in chosen:
            self.world.cells += self._cells(token, entity, one.name, values[one.name])
        flagged = [one.name for one in chosen if random.random() < 0.05]
        return record(
            source,
            key if entity == "PersonRecord" else f"{key}-{entity}-{number}",
            key,
            dataset=entity,
            as_of=NOW,
            flags={name: random.choice(list(Quality)) for name in flagged},
            **values,
        )

    def _value(self, column: Column) -> object:
        random, marks = self.random, self.marks
        if random.random() < 0.1:
            return None
        if column.enum is not None:
            return random.choice(list(column.enum.__members__))
        if column.name in _POOLED:
            code = random.choice(AGENCIES) if random.random() < 0.6 else f"AG{marks.integer()}"
            return code if column.kind is not Kind.TEXTS else (code,)
        if column.name in _PLACES:
            return marks.place()
        match column.kind:
            case Kind.DATE:
                return marks.day(column.name)
            case Kind.DATETIME:
                day = marks.day(column.name)
                return datetime(day.year, day.month, day.day, 9, 30, tzinfo=UTC)
            case Kind.BOOLEAN:
                return random.random() < (0.2 if column.name == "sealed" else 0.5)
            case Kind.INTEGER:
                return marks.integer()
            case Kind.ID_NUMBER:
                return marks.id_number()
            case Kind.TEXTS:
                texts = marks.phone if column.name == "phones" else marks.text
                return tuple(texts() for _ in range(random.randrange(3)))
            case Kind.CODE:
                return random.choice(("01", "03"))
            case _:
                return marks.text()

    def _cells(self, token: str, entity: str, column: str, value: object) -> Iterator[Cell]:
        texts = tuple(text for one in (value if isinstance(value, tuple) else (value,)) for text in recognised(one))
        if texts:
            yield Cell(token, entity, column, value, texts)


def recognised(value: object) -> list[str]:
    """The texts by which a mark would be recognised, also in part; none for a value that many people share."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, datetime):
        return [value.date().isoformat()]
    if isinstance(value, date):
        return [value.isoformat(), f"{value:%Y%m%d}", f"date({value.year}, {value.month}, {value.day})"]
    if isinstance(value, int):
        return [str(value)]
    text = str(value)
    if text in AGENCIES or len(text) < 6 or (text.isascii() and text.isupper() and "_" in text):
        return []
    if text.isascii():
        return [text] if any(sign.isdigit() for sign in text) else []
    return list(threes(text))


def is_under(place: str | None, region: str) -> bool:
    """Whether a code of today lies in a region, by its digits."""
    begins = region[:2] if region.endswith("0000") else region[:4] if region.endswith("00") else region
    return bool(place) and str(place).startswith(begins)
