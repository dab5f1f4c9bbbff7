"""What reading some fields from one endpoint takes, worked out once for all calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal, cast

from adapters.columns import keys_of
from adapters.contract import Call, Key
from adapters.decode import key_of
from adapters.drivers.declared import Parameters, upstream_columns
from adapters.drivers.template import Scope, Template
from adapters.drivers.wire import AtOnce, Sought, Wire
from adapters.manifest import Dataset
from adapters.rows import Raws, RowDecoder, Rows

Role = Literal["keys", "fetch", "related", "search"]


@dataclass(frozen=True, slots=True)
class Leg:
    """One list to read for some fields: where from, and what is made of its rows."""

    role: Role
    dataset: Dataset
    template: Template
    decoder: RowDecoder
    paths: tuple[str, ...]  # at which values are read of each row
    sought: Sought
    columns: tuple[str, ...]  # the agency's own names of what is read, where the endpoint sends them
    owner: int | None  # where among a row's raw values stands for which of the asked keys it is

    @classmethod
    def of(
        cls, wire: Wire, role: Role, dataset: Dataset, template: Template, rows: Rows, fields: Collection[str]
    ) -> Leg:
        """For one dataset's endpoint."""
        decoder = rows.decoder(fields)
        paths, owner = list(decoder.paths), None
        path = template.endpoint.owner or (dataset.person if role == "related" else dataset.key)
        if path is not None:
            if path not in paths:
                paths.append(path)
            owner = paths.index(path)
        columns = upstream_columns(dataset, fields) if "fields" in template.names else ()
        return cls(role, dataset, template, decoder, tuple(paths), wire.sought(paths), columns, owner)

    def scope(self, call: Call, keys: Sequence[Key] = (), values: Parameters | None = None) -> Scope:
        """What one call of it asks for."""
        return Scope(call, keys=keys, values=values or {}, fields=self.columns)

    def owners(self, batch: Sequence[Key], rows: Sequence[Raws]) -> Sequence[Key | None]:
        """For which of the asked keys each row stands; None for a row of anybody else, which is not handed out."""
        endpoint, first = self.template.endpoint, batch[0]
        implied = first if self.role == "related" and len(batch) == 1 and endpoint.batch == 1 else None
        if self.owner is None:
            return [implied] * len(rows)
        said = list(map(itemgetter(self.owner), rows))
        if said.count(first) == len(said) and key_of(first) == first:  # as of one person
            return cast(Sequence[Key], said)
        # a key that no row's key can equal, padding being taken off, is nobody's
        asked = frozenset(key for key, same in zip(batch, keys_of(batch), strict=True) if key == same)
        try:
            if asked.issuperset(said):
                return said
        except TypeError:
            pass  # a list or an object, which cannot be looked up
        return [_owner(raw, asked, implied) for raw in said]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Lists that one request brings: asked for once, and where their rows are plain, decoded in one go."""

    legs: tuple[Leg, ...]
    at_once: AtOnce | None

    @property
    def template(self) -> Template:
        """Of the request, the same for all."""
        return self.legs[0].template

    @classmethod
    def of(cls, wire: Wire, legs: Sequence[Leg]) -> Bundle:
        """Of legs whose requests are the same."""
        return cls(tuple(legs), wire.at_once([(leg.template.endpoint, leg.paths) for leg in legs]))


def bundled(wire: Wire, legs: Sequence[Leg]) -> Sequence[Bundle]:
    """All legs, those together whose requests come out the same whoever is asked for.

    Lists of several pages are left apart: where each of them ends is its own affair.
    """
    alike: defaultdict[object, list[Leg]] = defaultdict(list)
    for place, leg in enumerate(legs):
        endpoint = leg.template.endpoint
        asked = endpoint.model_dump_json(exclude={"rows", "owner", "envelope"})
        alike[place if endpoint.pages is not None else (asked, leg.columns)].append(leg)
    return [Bundle.of(wire, group) for group in alike.values()]


def _owner(raw: object, asked: frozenset[Key], implied: Key | None) -> Key | None:
    if type(raw) is str and raw in asked:
        return raw
    said = key_of(raw)
    return implied if said is None else said if said in asked else None
