"""Whether a dataset declares what its kind of source needs for the reads it promises, and nothing that it ignores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from adapters.contract import Op

if TYPE_CHECKING:
    from adapters.manifest import Dataset, FieldMap

ENDPOINTS = ("keys", "fetch", "related", "search")
Problem = tuple[str, str]  # path below the dataset, and the sentence
_ORDERED = frozenset({"date", "datetime", "integer"})
_FITTING: Mapping[Op, frozenset[str]] = {
    Op.PREFIX: frozenset({"text", "code", "id_number"}),
    Op.UNDER: frozenset({"code"}),
    Op.LT: _ORDERED,
    Op.GT: _ORDERED,
}


def check_dataset(kind: str, entity: str, dataset: Dataset) -> Iterator[Problem]:
    """What is wrong with one dataset, a sentence with its fix each."""
    if entity == "PersonRecord" and (dataset.person or dataset.join):
        yield ".person", "a PersonRecord's key is the person key. Leave person and join out."
    yield from _declared_for(kind, entity, dataset)
    many = {name for name, lookup in dataset.lookups.items() if lookup.many}
    for name, spec in dataset.fields.items():
        paths = (spec.path,) if isinstance(spec.path, str) else spec.path or ()
        if spec.type != "texts" and many & {path.partition(".")[0] for path in paths if "." in path}:
            yield f".fields.{name}.path", "leads through a lookup of many rows, but holds one value. Leave many out."
        for path, sentence in _field(kind, dataset, spec):
            yield f".fields.{name}{path}", sentence


def _declared_for(kind: str, entity: str, dataset: Dataset) -> Iterator[Problem]:
    endpoints = [name for name in ENDPOINTS if getattr(dataset, name) is not None]
    if kind == "sql":
        if endpoints:
            yield f".{endpoints[0]}", "a table has no endpoints. Leave endpoints out."
        yield from _lookups(dataset)
        if entity != "PersonRecord" and (dataset.person is None) == (dataset.join is None):
            yield "", "needs either person (the column with the person key) or join. Write one of the two."
    else:
        for name in ("join", "lookups"):
            if getattr(dataset, name):
                yield f".{name}", f"only a sql source joins, this one is {kind}. Leave it out."
    if kind in {"rest", "soap"}:
        needed = "fetch" if entity == "PersonRecord" else "related"
        if needed not in endpoints and "search" not in endpoints:
            yield f".{needed}", f"nothing says how {entity} is read. Add that endpoint."
    elif kind == "subgraph" and endpoints:
        yield f".{endpoints[0]}", "a subgraph is asked for its fields alone. Leave endpoints out."


def _lookups(dataset: Dataset) -> Iterator[Problem]:
    """A lookup leads through those that stand before it, so that none leads back to itself."""
    later = list(dataset.lookups)
    for name, lookup in dataset.lookups.items():
        if lookup.column.partition(".")[0] in later and "." in lookup.column:
            yield f".lookups.{name}.column", f"{lookup.column} leads through a later lookup. Put that one first."
        later.remove(name)


def _field(kind: str, dataset: Dataset, spec: FieldMap) -> Iterator[Problem]:
    if spec.filter and spec.constant is not None:
        yield ".filter", "a constant cannot be filtered by. Leave filter out."
    for op in spec.filter:
        fitting = _FITTING.get(op)
        if (fitting is not None and spec.type not in fitting) or spec.type == "texts":
            yield ".filter", f"{op.value} does not apply to {spec.type}. Leave it out."
    yield from _parts_and_zones(spec)
    if kind == "sql":
        yield from _sql_filter(spec)
    elif kind in {"rest", "soap"} and spec.filter:
        if not isinstance(spec.filter, Mapping):
            yield ".filter", "say which parameter carries each operator, as in {eq: sfzh}."
        elif dataset.search is None:
            yield ".filter", "nothing says how to search. Add a search endpoint or leave filter out."
    if spec.separator is not None:
        try:
            re.compile(spec.separator)
        except re.error:
            yield ".separator", "is no regular expression. Correct it."


def _parts_and_zones(spec: FieldMap) -> Iterator[Problem]:
    if spec.joined is not None and (spec.type != "text" or not isinstance(spec.path, tuple)):
        yield ".joined", "puts several paths of a text together. Give path a list, or leave joined out."
    if spec.zone is not None and spec.type not in {"date", "datetime"}:
        yield ".zone", f"only times have one, this is {spec.type}. Leave it out."


def _sql_filter(spec: FieldMap) -> Iterator[Problem]:
    if spec.filter and (spec.joined is not None or spec.zone is not None):
        yield ".filter", "the column does not hold what one would compare with. Leave filter out."
    if isinstance(spec.filter, Mapping) and spec.filter:
        yield ".filter", "a column has no parameters. Write a list of operators, as in [eq, in]."
    ordered = {Op.LT, Op.GT} & set(spec.filter)
    if ordered and spec.type != "integer" and spec.formats and not _sorts(spec.formats[0]):
        yield ".filter", f"text written as {spec.formats[0]} does not sort by time. Leave lt and gt out."


def _sorts(form: str) -> bool:
    order = [letter for letter in re.findall(r"%([A-Za-z])", form) if letter in "YmdHMSf"]
    return order == list("YmdHMSf")[: len(order)] and len(order) >= 1 and "%-" not in form
