"""Own record or same surname: looked up for one report, of the officials whom the auditor names, and kept nowhere.

The log holds no surname and nothing made of one (docs/adr says why). Whoever makes the report brings a list of staff
from their personnel office; the sources are asked for the names of the people whom those looked at; what leaves here
is that two were alike.
"""

from __future__ import annotations

import csv
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from schema.codes.names import MIDDLE_DOT, normalise_name

Names = Callable[[Sequence[str]], Awaitable[Mapping[str, Sequence[str]]]]  # Person ids -> names as sources hold them

_COLUMNS: Final = ("subject", "name", "id_number")
_AT_ONCE: Final = 200
_WRITTEN: Final = """
    欧阳 上官 皇甫 令狐 诸葛 司徒 司马 申屠 夏侯 贺兰 完颜 慕容
    尉迟 长孙 东方 独孤 端木 公孙 轩辕 宇文 淳于 呼延 钟离 澹台
    南宫 西门 百里 东郭 闻人 万俟 赫连 濮阳 太史 仲孙 鲜于 司空
    拓跋 第五 公冶 宗政 单于 乐正 公羊 谷梁 闾丘 梁丘 左丘 东门
    北宫 褚师 巫马 公良 漆雕 壤驷 夹谷 宰父 段干 微生
"""  # 复姓: compound surnames
_COMPOUND: Final = frozenset(_WRITTEN.split())


class StaffListError(Exception):
    """A list of staff that cannot be read: says where and the fix, and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Person:
    """One official: the subject of their tokens, their name, and their own Person id where they gave a number."""

    subject: str
    surname: str = field(repr=False)
    person: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Staff:
    """Officials by subject."""

    people: Mapping[str, Person]

    @classmethod
    def read(cls, path: Path, mint: Callable[[str], str | None]) -> Staff:
        """A CSV file with the columns subject, name and, where known, id_number; StaffListError."""
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise StaffListError(f"{path}: cannot be read as CSV in UTF-8. Save it as such.") from error
        if not rows or not {"subject", "name"} <= rows[0].keys():
            raise StaffListError(f"{path}: needs the columns {', '.join(_COLUMNS)}, the last where known.")
        people = {}
        for number, row in enumerate(rows, 2):
            subject, name = (row["subject"] or "").strip(), (row["name"] or "").strip()
            if not subject or not name:
                raise StaffListError(f"{path}: line {number}: subject and name are needed. Fill them in.")
            people[subject] = Person(subject, surname_of(name), mint(row.get("id_number") or ""))
        return cls(people)


@dataclass(slots=True)
class Kinship:
    """Finds people whose surname an official bears. `unread` counts those whose name no source gave."""

    staff: Staff
    names: Names
    unread: int = 0

    async def alike(self, looked: Mapping[str, Iterable[str]]) -> set[tuple[str, str]]:
        """Pairs of subject and Person id of one surname, among whom each official looked at."""
        known = {subject: set(people) for subject, people in looked.items() if subject in self.staff.people}
        wanted = sorted(set().union(*known.values())) if known else []
        found: set[tuple[str, str]] = set()
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            named = await self.names(part)
            self.unread += sum(1 for person in part if not named.get(person))
            surnames = {person: {surname_of(name) for name in names} for person, names in named.items()}
            found |= {
                (subject, person)
                for subject, people in known.items()
                for person in people.intersection(part)
                if self.staff.people[subject].surname in surnames.get(person, ())
            }
        return found


def surname_of(name: str) -> str:
    """The surname of a Chinese name: two characters where those are a compound surname, else the first.

    Of a name with a middle dot (迪丽热巴·迪力木拉提) or in Latin letters, the whole name is compared.
    """
    plain, _ = normalise_name(name)
    if MIDDLE_DOT in plain or plain.isascii():
        return plain
    return plain[:2] if len(plain) > 2 and plain[:2] in _COMPOUND else plain[:1]
