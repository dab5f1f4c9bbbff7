"""The published region table in memory: spans of names per code, parents, children, and who succeeded whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

LENGTHS = {6, 9, 12}
_GROUPINGS = {"市辖区", "县", "市", "市区"}


class Span(NamedTuple):
    """One name of a code; dates are "YYYY" or "YYYY-MM-DD", both inclusive, empty where open."""

    name: str
    level: str
    valid_from: str
    valid_to: str


@dataclass(frozen=True, slots=True)
class Table:
    """Everything that is known of six-digit codes."""

    spans: Mapping[str, tuple[Span, ...]]  # oldest first
    parents: Mapping[str, str]
    children: Mapping[str, tuple[str, ...]]
    successors: Mapping[str, tuple[str, ...]]
    predecessors: Mapping[str, frozenset[str]]
    changed: Mapping[str, str]  # retired code to the date of its succession

    def is_current(self, county: str) -> bool:
        """Still assigned in the newest list."""
        return county in self.spans and not self.spans[county][-1].valid_to

    def newly_opened(self, new: str, old: str) -> bool:
        """The code `new` came into being when `old` ended, so that it holds nothing it held before."""
        return self.spans[new][0].valid_from[:4] == self.changed[old][:4]

    def renamed_to(self, county: str) -> str | None:
        """The one new code that took over the whole of a county and nothing else."""
        found = self.successors.get(county, ())
        whole = len(found) == 1 and self.predecessors[found[0]] == {county} and self.newly_opened(found[0], county)
        return found[0] if whole else None

    def came_from(self, code: str, prefix: str) -> bool:
        """Everything of this code lay under the prefix when its predecessors ended."""
        olds = self.predecessors.get(code, frozenset())
        return (
            bool(olds)
            and any(self.newly_opened(code, old) for old in olds)
            and all(old.startswith(prefix) or self.came_from(old, prefix) for old in olds)
        )


@lru_cache(maxsize=1)
def published() -> Table:
    """The vendored tables, read once when first asked for."""
    spans: dict[str, tuple[Span, ...]] = {}
    for code, name, level, valid_from, valid_to, _ in _rows("gb2260.csv"):
        spans[code] = (*spans.get(code, ()), Span(name, level, valid_from, valid_to))
    parents = {code: parent for code in spans if (parent := _parent(code, spans))}
    successors, predecessors, changed = _successions()
    return Table(spans, parents, _children(spans, parents), successors, predecessors, changed)


def normal(code: str) -> str | None:
    """A well-formed code in its shortest form (320614000000 is 320614), or None."""
    if len(code) not in LENGTHS or not (code.isascii() and code.isdigit()):
        return None
    while len(code) > 6 and code.endswith("000"):
        code = code[:-3]
    return code


def prefix(code: str) -> str:
    """What the codes below this one begin with."""
    if len(code) > 6:
        return code
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


def _rows(name: str) -> Iterator[list[str]]:
    text = files("schema.codes").joinpath(name).read_text("utf-8")
    return (line.split(",") for line in text.splitlines()[1:])


def _is_grouping(name: str) -> bool:
    return name in _GROUPINGS or "直辖" in name


def _parent(code: str, spans: Mapping[str, tuple[Span, ...]]) -> str | None:
    # 市辖区, 县 and 省直辖县级行政区划 only group codes, so what stands under them belongs to the province itself.
    city, province = code[:4] + "00", code[:2] + "0000"
    if code not in {city, province} and city in spans and not _is_grouping(spans[city][-1].name):
        return city
    return province if code != province and province in spans else None


def _children(spans: Mapping[str, tuple[Span, ...]], parents: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    children: dict[str, list[str]] = {}
    for code, parent in parents.items():
        span = spans[code][-1]
        if span.valid_to or _is_grouping(span.name):
            continue
        children.setdefault(parent, []).append(code)
        group = code[:4] + "00"
        if group not in {code, parent} and group in spans:
            children.setdefault(group, []).append(code)
    return {parent: tuple(codes) for parent, codes in children.items()}


def _successions() -> tuple[dict[str, tuple[str, ...]], dict[str, frozenset[str]], dict[str, str]]:
    successors: dict[str, tuple[str, ...]] = {}
    predecessors: dict[str, frozenset[str]] = {}
    changed: dict[str, str] = {}
    for table in ("successors.csv", "renamings.csv"):
        for old, new, day in _rows(table):
            successors[old] = (*successors.get(old, ()), new)
            predecessors[new] = predecessors.get(new, frozenset()) | {old}
            changed[old] = day
    return successors, predecessors, changed
