"""What a dataset declares, put to use: columns, search parameters and lines of a key list."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence

from adapters.contract import Compare, Key, KeyEntry, Op, Value
from adapters.decode import encode_value
from adapters.manifest import Dataset, FieldMap
from adapters.matching import region_prefix
from schema.entities import ENTITIES

_IDENTIFYING = ("idNumber", "otherIdNumbers", "documentNumber", "documentKind")

Parameters = dict[str, str | tuple[str, ...]]


def key_entry(key: Key, values: Mapping[str, Value]) -> KeyEntry:
    """One line of a key list, from the decoded identifying fields."""
    others = values.get("otherIdNumbers") or ()
    numbers = (values.get("idNumber"), *(others if isinstance(others, tuple) else ()))
    kind, number = values.get("documentKind"), values.get("documentNumber")
    documents = ((str(kind), str(number)),) if kind is not None and number is not None else ()
    return KeyEntry(key, tuple(dict.fromkeys(str(one) for one in numbers if one)), documents)


def upstream_columns(dataset: Dataset, fields: Collection[str]) -> tuple[str, ...]:
    """The agency's own columns that reading these fields takes, keys and conditions included; plain names only."""
    return tuple(dict.fromkeys(path for path in paths_of(dataset, fields) if path.isidentifier()))


def paths_of(dataset: Dataset, fields: Collection[str]) -> list[str]:
    """Every path that reading these fields of a row takes."""
    specs = [dataset.fields[name] for name in fields if name in dataset.fields]
    paths = [dataset.key, *([dataset.person] if dataset.person else [])]
    for spec in (*specs, *([dataset.as_of] if dataset.as_of else [])):
        paths += [spec.path] if isinstance(spec.path, str) else list(spec.path or ())
    paths += [dataset.deleted.path] if dataset.deleted else []
    return [*paths, *dataset.where]


def identifying(dataset: Dataset) -> list[str]:
    """The fields that say what a person's numbers are, as far as the dataset has them."""
    return [name for name in _IDENTIFYING if name in dataset.fields]


def parameter_sets(entity: str, dataset: Dataset, where: Sequence[Compare]) -> list[Parameters]:
    """One set of upstream parameters for each raw form that the asked values may have there."""
    choices: list[list[tuple[str, str | tuple[str, ...]]]] = []
    for compare in where:
        spec = dataset.fields[compare.field]
        parameter = spec.filter[compare.op] if isinstance(spec.filter, Mapping) else compare.field
        choices.append([(parameter, form) for form in _forms(entity, spec, compare)])
    return [dict(choice) for choice in itertools.product(*choices)]


def _forms(entity: str, spec: FieldMap, compare: Compare) -> list[str | tuple[str, ...]]:
    kind = ENTITIES[entity].columns[compare.field].kind
    if compare.op is Op.IN:
        wanted = compare.value if isinstance(compare.value, Collection) and not isinstance(compare.value, str) else ()
        forms = tuple(dict.fromkeys(form for value in wanted for form in encode_value(spec, kind, value)))
        return [forms] if forms else []
    if compare.op is Op.UNDER:
        return [region_prefix(str(compare.value))]
    forms = encode_value(spec, kind, compare.value)
    return list(forms[:1] if compare.op in (Op.LT, Op.GT) else forms)
