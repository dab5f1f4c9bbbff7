"""What a manifest declares that can be asked, and the refusal of everything beyond."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from adapters.contract import Capability, Compare, Op, Unsupported
from adapters.manifest import Dataset, Manifest


def capabilities_of(manifest: Manifest) -> dict[str, Capability]:
    """Per entity: all fields of its datasets, and the filters that every one of them has.

    Datasets of PersonRecord describe the same persons, so there a filter of one is enough.
    """
    return {entity: _capability(entity, manifest.datasets(entity)) for entity in manifest.entities}


def supports(dataset: Dataset, compare: Compare) -> bool:
    """Whether a dataset declares this filter."""
    spec = dataset.fields.get(compare.field)
    return spec is not None and compare.op in spec.filter


def check_fields(
    source: str, capabilities: Mapping[str, Capability], entity: str, fields: Collection[str]
) -> Capability:
    """The entity's capability; Unsupported where the entity or one of the fields is not declared."""
    found = capabilities.get(entity)
    if found is None:
        raise Unsupported(f"{source} has no {entity}. Ask only for what its manifest declares.")
    beyond = sorted(set(fields) - found.fields)
    if beyond:
        raise Unsupported(f"{source} has no {entity}.{beyond[0]}. Ask only for what its manifest declares.")
    return found


def check_filters(source: str, capability: Capability, entity: str, where: Collection[Compare]) -> None:
    """Unsupported where there is no filter, which would be a silent scan, or one that is not declared."""
    if not where:
        raise Unsupported(f"{source}: a search of {entity} needs a filter. Give one that its manifest declares.")
    for compare in where:
        if compare.op not in capability.filters.get(compare.field, ()):
            field = compare.field if compare.field in capability.fields else "a field it does not have"
            raise Unsupported(
                f"{source} cannot filter {entity} by {field} {compare.op.value}. Leave that filter out."
            )


def _capability(entity: str, datasets: tuple[Dataset, ...]) -> Capability:
    names = {name for dataset in datasets for name in dataset.fields}
    join = frozenset.union if entity == "PersonRecord" else frozenset.intersection
    filters = {name: join(*(_operators(dataset, name) for dataset in datasets)) for name in names}
    return Capability(
        fields=frozenset(names),
        filters={name: operators for name, operators in sorted(filters.items()) if operators},
        max_batch=min(dataset.max_batch for dataset in datasets),
        max_page=min(dataset.max_page for dataset in datasets),
        current=frozenset(name for name in names if all(_is_current(dataset, name) for dataset in datasets)),
    )


def _is_current(dataset: Dataset, name: str) -> bool:
    spec = dataset.fields.get(name)
    return spec is None or spec.current


def _operators(dataset: Dataset, name: str) -> frozenset[Op]:
    spec = dataset.fields.get(name)
    return frozenset(spec.filter) if spec is not None else frozenset()
