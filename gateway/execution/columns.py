"""Columns: many objects of one type shaped at once, field by field, each leaf one step of a comprehension.

The quick way of gateway/execution/shape.py for what goes as it should. Whatever does not (a null where none may
stand, a resolver that fails or has to be awaited, a value that its type cannot take) raises Irregular: nothing of it
is kept, and the careful way does that subtree anew, with places and errors. Resolvers only read files that are
merged and masked already, so that reading twice does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, islice
from typing import Any

from graphql import GraphQLList, GraphQLNonNull, GraphQLObjectType, is_leaf_type

from gateway.execution.selection import Field, Selected, Selections, Way

Objects = list[Any]  # structs of what was selected


class Irregular(Exception):  # not an error of anybody's: the careful way takes over
    """Something that only the careful way can answer."""


class Columns:
    """Shapes for one execution. `arguments` gives a field's converted arguments, the same for all its objects."""

    def __init__(self, selections: Selections, info: Any, arguments: Callable[[Field], dict[str, Any]]) -> None:
        self._selections = selections
        self._info = info
        self._arguments = arguments

    def objects(self, selected: Selected, sources: Sequence[Any]) -> Objects:
        """One struct for each source, all of one type; Irregular for whatever is out of the ordinary."""
        held: list[Any] | None = None
        columns: list[Sequence[Any]] = []
        for one in selected.fields:
            if one.column is not None:
                if held is None:
                    held = [source.values for source in sources]
                columns.append(one.column(held))
            else:
                columns.append(self._column(one, sources))
        if not columns:
            return [selected.struct() for _ in sources]
        return list(map(selected.struct, *columns))

    def _column(self, one: Field, sources: Sequence[Any]) -> Sequence[Any]:
        """One field of many objects."""
        way = one.way
        if way is Way.COLUMN:  # without a column: __typename
            return [one.read(None)] * len(sources)  # type: ignore[misc]  # it has its reader
        if one.is_edges:
            return self._edges(one, sources)
        if one.is_group:
            return self._of_kind(one, one.named, sources)
        if one.listed is not None:
            listed, kind = one.listed, _nullable(_nullable(one.kind).of_type)
            return self._lists(one, kind, [listed(source) for source in sources], optional=True)
        values = self._read(one, sources)
        if way is Way.LEAF:
            return _leaves(one, values)
        if way is Way.OBJECT:
            return self._singles(one, values)
        if way is Way.OBJECTS:
            return self._lists(one, one.named, values, optional=one.items_optional)
        return self._asked(one, values)

    def _edges(self, one: Field, connections: Sequence[Any]) -> Sequence[Any]:
        """The edges of many connections at once, without an object for each edge."""
        pages = [connection.page for connection in connections]
        makers = [connection.stand_in for connection in connections]
        selected = self._selections.selection(one.named, one)  # type: ignore[arg-type]  # edges have their type
        columns: list[Sequence[Any]] = []
        for each in selected.fields:
            if each.name == "node":
                nodes = [made(item) for page, made in zip(pages, makers, strict=True) for item in page.items]
                columns.append(self._nodes(each, nodes))
            elif each.name == "cursor":
                columns.append([page.cursor(place) for page in pages for place in range(len(page.items))])
            else:
                columns.append([each.read(None) for page in pages for _ in page.items])  # type: ignore[misc]  # __typename
        edges = map(selected.struct, *columns)
        return [list(islice(edges, len(page.items))) for page in pages]

    def _nodes(self, one: Field, nodes: list[Any]) -> Sequence[Any]:
        _checked(one, nodes)
        return self._of_kind(one, _nullable(one.kind), nodes)

    def _read(self, one: Field, sources: Sequence[Any]) -> list[Any]:
        if not one.is_quick:
            raise Irregular
        read, call = one.read, one.call
        if read is not None:
            return [read(source) for source in sources]
        if call is not None:
            info = self._info
            return [call(source, info) for source in sources]
        if one.given is None:
            raise Irregular
        function, given = one.given.function, self._arguments(one)
        return [function(source, **given) for source in sources]

    def _asked(self, one: Field, values: list[Any]) -> Sequence[Any]:
        """A field of any other kind: interfaces, and lists of leaves or of interfaces."""
        kind = _nullable(one.kind)
        if isinstance(kind, GraphQLList):
            inner = _nullable(kind.of_type)
            optional = not isinstance(kind.of_type, GraphQLNonNull)
            if is_leaf_type(inner):
                return _leaf_lists(one, values, inner, optional=optional)
            if isinstance(inner, GraphQLList):
                raise Irregular
            return self._lists(one, inner, values, optional=optional)
        if is_leaf_type(kind):
            return [None if value is None else kind.serialize(value) for value in _checked(one, values)]
        return self._of_kind(one, kind, _checked(one, values))

    def _singles(self, one: Field, values: list[Any]) -> Sequence[Any]:
        """A field that holds one object; what is the same object for many is shaped once."""
        _checked(one, values)
        unlike = {id(value): value for value in values if value is not None}
        if len(unlike) * 2 > len(values):
            return self._of_kind(one, one.named, values)
        shaped = dict(zip(unlike, self._of_kind(one, one.named, list(unlike.values())), strict=True))
        return [shaped.get(id(value)) for value in values]

    def _lists(self, one: Field, kind: Any, values: list[Any], *, optional: bool) -> Sequence[Any]:
        """A field that holds a list of objects: all lists' objects are shaped together and parted again."""
        kinds = set(map(type, values))
        if not kinds <= _LISTS:
            if not kinds <= _LISTS_OR_NONE or not one.optional:
                raise Irregular
            whole = iter(self._lists(one, kind, [value for value in values if value is not None], optional=optional))
            return [None if value is None else next(whole) for value in values]
        items = list(chain.from_iterable(values))
        if not optional and _has_null(items):
            raise Irregular
        shaped = iter(self._of_kind(one, kind, items))
        return [list(islice(shaped, len(value))) for value in values]

    def _of_kind(self, one: Field, kind: Any, values: Sequence[Any]) -> Sequence[Any]:
        """Objects, or nulls, of an object type or of the types behind an interface."""
        if _has_null(values):
            shaped = iter(self._of_kind(one, kind, [value for value in values if value is not None]))
            return [None if value is None else next(shaped) for value in values]
        if isinstance(kind, GraphQLObjectType):
            return self.objects(self._selections.selection(kind, one), values)
        classes = list(map(type, values))
        parts: dict[type, Any] = {}
        for each in dict.fromkeys(classes):
            selected = self._selections.selection(self._concrete(kind, each), one)
            parts[each] = iter(self.objects(selected, [value for value in values if type(value) is each]))
        return [next(parts[each]) for each in classes]

    def _concrete(self, expected: Any, each: type) -> GraphQLObjectType:
        found = self._selections.concrete(expected, each)
        if found is None:
            raise Irregular
        return found


def _nullable(kind: Any) -> Any:
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


_LISTS = frozenset({list, tuple})
_LISTS_OR_NONE = _LISTS | {type(None)}


def _has_null(values: Sequence[Any]) -> bool:
    return type(None) in set(map(type, values))


def _checked(one: Field, values: list[Any]) -> list[Any]:
    if not one.optional and _has_null(values):
        raise Irregular
    return values


def _leaves(one: Field, values: list[Any]) -> Sequence[Any]:
    sound = one.sound
    kinds = set(map(type, values))
    if sound is not None and (kinds == {sound} or (one.optional and kinds <= {sound, type(None)})):
        return values
    serialize = one.serialize
    return [None if value is None else serialize(value) for value in _checked(one, values)]  # type: ignore[misc]


def _leaf_lists(one: Field, values: list[Any], inner: Any, *, optional: bool) -> Sequence[Any]:
    serialize = inner.serialize
    shaped: list[Any] = []
    for value in _checked(one, values):
        if value is None:
            shaped.append(None)
        elif type(value) is not list and type(value) is not tuple:
            raise Irregular
        else:
            items = [None if item is None else serialize(item) for item in value]
            if not optional and None in items:
                raise Irregular
            shaped.append(items)
    return shaped
