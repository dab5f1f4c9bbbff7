"""Columns: many objects of one type shaped at once, field by field.

The quick way of gateway/execution/shape.py for what goes as it should. What is selected of a type is worked out to
functions once, and kept with the operation: which type, which resolver, which checks is no question any more when an
answer is shaped. Whatever does not go as it should (a null where none may stand, a resolver that fails or has to be
awaited, a value that its type cannot take) raises: nothing of it is kept, and the careful way does that subtree anew,
with places and errors. Resolvers only read files that are merged and masked already, so that reading twice does no
harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, starmap
from operator import attrgetter, is_, itemgetter
from typing import Any, Final

from graphql import GraphQLList, GraphQLNonNull, GraphQLObjectType, is_leaf_type

from gateway.execution.completing import (
    Column,
    Irregular,
    checked,
    leaf_lists,
    leaves_of,
    lists_of,
    never_null,
    nullable,
    or_null,
    parted,
)
from gateway.execution.listing import page_size
from gateway.execution.selection import Field, Selected, Selections, Shape, Way
from schema.node import itself
from schema.reading import Above, Many, Paged, Public

_MOST_KEPT: Final = 4_096  # public things under one field of an operation


class Columns:
    """Shapes for one execution. `arguments` gives a field's converted arguments, the same for all its objects."""

    __slots__ = ("_selections", "arguments", "info")

    def __init__(self, selections: Selections, info: Any, arguments: Callable[[Field], dict[str, Any]]) -> None:
        self._selections = selections
        self.info = info
        self.arguments = arguments

    def objects(self, selected: Selected, sources: Sequence[Any]) -> list[Any]:
        """One struct for each source, all of one type; raises for whatever is out of the ordinary."""
        return (selected.shape or _shape(self._selections, selected))(sources, self)


def _shape(selections: Selections, selected: Selected) -> Shape:
    """How many objects of one selection are shaped."""
    if selected.shape is None:
        selected.shape = _objects(selections, selected)
    return selected.shape


_values = attrgetter("values")


def _objects(selections: Selections, selected: Selected) -> Shape:
    struct: Any = selected.struct
    names = tuple([one.column for one in selected.fields if one.column is not None])
    if not selected.fields:
        return lambda sources, _: [struct() for _ in sources]
    if len(names) == len(selected.fields) > 1:
        return _rows(struct, names)
    # None: the next of the plain columns, which are read together; one alone gains nothing by that
    program = [
        None if one.column is not None and len(names) > 1 else _column(selections, one) for one in selected.fields
    ]
    if len(names) < 2:

        def shape(sources: Sequence[Any], run: Columns) -> list[Any]:
            return list(map(struct, *[column(sources, run) for column in program if column]))

        return shape
    read = itemgetter(*names)

    def shape_mixed(sources: Sequence[Any], run: Columns) -> list[Any]:
        if not sources:
            return []
        plain: Iterator[Sequence[Any]]
        try:
            plain = zip(*map(read, map(_values, sources)), strict=True)
        except KeyError:
            plain = iter(_apart(names, sources))
        return list(map(struct, *[next(plain) if column is None else column(sources, run) for column in program]))

    return shape_mixed


def _rows(struct: Any, names: Sequence[str]) -> Shape:
    """Objects that show nothing but columns."""
    read = itemgetter(*names)

    def shape(sources: Sequence[Any], _run: Columns) -> list[Any]:
        try:
            return list(starmap(struct, map(read, map(_values, sources))))
        except KeyError:
            return list(map(struct, *_apart(names, sources)))

    return shape


def _apart(names: Sequence[str], sources: Sequence[Any]) -> list[Sequence[Any]]:
    """Columns of which some source fills not all: what the first object has is read together where all have it."""
    first = sources[0].values
    there = [name for name in names if name in first]
    together: dict[str, Sequence[Any]] = {}
    if len(there) > 1:
        with suppress(KeyError):  # the first is not like the others
            columns = zip(*map(itemgetter(*there), map(_values, sources)), strict=True)
            together = dict(zip(there, columns, strict=True))
    return [together[name] if name in together else _got(name, sources) for name in names]


def _got(name: str, sources: Sequence[Any]) -> list[Any]:
    return [source.values.get(name) for source in sources]


# ---- one field -----------------------------------------------------------------------------------------------------


def _column(selections: Selections, one: Field) -> Column:
    """How one field of many objects is read and shaped."""
    reading = one.reading
    if one.column is not None:
        name = one.column
        return lambda sources, _: _got(name, sources)
    if one.is_edges:
        return _edges(selections, one)
    if isinstance(reading, Above):
        return _shape(selections, selections.selection(one.named, one))  # type: ignore[arg-type]  # a group is one
    if isinstance(reading, Public) and one.named is not None and one.optional:
        return _public(selections, one, reading)
    column = _resolved(selections, one)
    if isinstance(reading, Paged):
        return _pages(selections, one, reading, column)
    return column


def _resolved(selections: Selections, one: Field) -> Column:
    """A field that is read and then completed by its type."""
    read = _read(one)
    if one.way is Way.COLUMN:
        return read
    if one.serialize is not None:
        return leaves_of(one, read)
    kind = nullable(one.kind)
    if not isinstance(kind, GraphQLList):
        shape = or_null(_of_kind(selections, one, kind))
        return lambda sources, run: shape(checked(one, read(sources, run)), run)
    inner, optional = nullable(kind.of_type), not isinstance(kind.of_type, GraphQLNonNull)
    if is_leaf_type(inner):
        return lambda sources, run: leaf_lists(checked(one, read(sources, run)), inner, optional=optional)
    if isinstance(inner, GraphQLList):
        return _irregular
    whole = _of_kind(selections, one, inner)
    if not isinstance(one.reading, Many):
        whole = or_null(whole) if optional else never_null(whole)
    return lists_of(one, read, whole)


def _irregular(_sources: Sequence[Any], _run: Columns) -> Sequence[Any]:
    raise Irregular


def _read(one: Field) -> Column:
    """The values of one field, or what stands for them, not yet completed."""
    read, call, given = one.read, one.call, one.given
    if isinstance(one.reading, Many):
        many = one.reading.read
        return lambda sources, _: many(sources)
    if one.definition is None:
        return lambda sources, _: [read(None)] * len(sources)  # type: ignore[misc]  # __typename has its reader
    if not one.is_quick:
        return _irregular
    if one.attribute is not None:
        attribute = attrgetter(one.attribute)
        return lambda sources, _: list(map(attribute, sources))
    if read is not None:
        return lambda sources, _: [read(source) for source in sources]
    if call is not None:
        return lambda sources, run: [call(source, run.info) for source in sources]
    if given is None:
        return _irregular
    function = given.function

    def asked(sources: Sequence[Any], run: Columns) -> Sequence[Any]:
        arguments = run.arguments(one)
        return [function(source, **arguments) for source in sources]

    return asked


# ---- objects and lists of them -------------------------------------------------------------------------------------


def _of_kind(selections: Selections, one: Field, kind: Any) -> Shape:
    """Objects of an object type, or of the types behind an interface; none of them is null."""
    if isinstance(kind, GraphQLObjectType):
        return _shape(selections, selections.selection(kind, one))
    known: dict[type, Shape] = {}
    met: list[Selected] = []

    def look(each: type) -> Shape:
        found = known.get(each)
        if found is None:
            concrete = selections.concrete(kind, each)
            if concrete is None:
                raise Irregular
            selected = selections.selection(concrete, one)
            alike = next((other for other in met if _is_alike(selected, other)), selected)
            if alike is selected:
                met.append(selected)
            found = known[each] = _shape(selections, alike)
        return found

    def shape(sources: Sequence[Any], run: Columns) -> list[Any]:
        classes = list(map(type, sources))
        shapes = {each: look(each) for each in set(classes)}
        unlike = set(shapes.values())
        if len(unlike) == 1:
            return unlike.pop()(sources, run)
        parts: dict[Shape, Any] = {}
        for way in unlike:
            parts[way] = iter(way([source for source in sources if shapes[type(source)] is way], run))
        return [next(parts[shapes[each]]) for each in classes]

    return shape


def _is_alike(one: Selected, other: Selected) -> bool:
    """Whether two types behind an interface are read and shaped alike: by fields that they have from it."""
    return len(one.fields) == len(other.fields) and all(map(_is_same, one.fields, other.fields))


def _is_same(one: Field, other: Field) -> bool:
    return (
        one.definition is not None  # a __typename is each type's own
        and other.definition is not None
        and len(one.nodes) == len(other.nodes)
        and all(map(is_, one.nodes, other.nodes))
        and str(one.kind) == str(other.kind)
        and (one.column, one.attribute, one.function) == (other.column, other.attribute, other.function)
        and one.reading == other.reading
    )


def _public(selections: Selections, one: Field, reading: Public) -> Column:
    """A public thing: shaped once for each key, and kept if it lasts and depends on no argument."""
    selected = selections.selection(one.named, one)  # type: ignore[arg-type]  # whoever asks has looked
    shape = _shape(selections, selected)
    keys, make = reading.keys, reading.make
    lasting = reading.lasting and _is_lasting(selections, selected)
    kept: dict[Any, Any] = {None: None}

    def column(sources: Sequence[Any], run: Columns) -> Sequence[Any]:
        known = kept if lasting else {None: None}
        asked = keys(sources)
        try:
            return [known[key] for key in asked]
        except KeyError:
            if len(known) > _MOST_KEPT:
                known.clear()
                known[None] = None
        new = [key for key in dict.fromkeys(asked) if key not in known]
        known.update(zip(new, shape(make(new, run.info), run), strict=True))
        return [known[key] for key in asked]

    return column


def _is_lasting(selections: Selections, selected: Selected) -> bool:
    """Whether what is selected depends on nothing but the thing itself: no argument anywhere, nothing awaited."""
    for one in selected.fields:
        if one.waits or (one.definition is not None and one.definition.args):
            return False
        if one.named is not None:
            if not _is_lasting(selections, selections.selection(one.named, one)):
                return False
        elif one.serialize is None and one.way is not Way.COLUMN:
            return False
    return True


# ---- connections ---------------------------------------------------------------------------------------------------


def _edges(selections: Selections, one: Field) -> Column:
    """The edges of many connections at once, without an object for each edge."""
    selected = selections.selection(one.named, one)  # type: ignore[arg-type]  # edges have their type
    struct: Any = selected.struct
    nodes = {each.key: _node(selections, each) for each in selected.fields if each.name == "node"}

    def edges(connections: Sequence[Any], run: Columns) -> Sequence[Any]:
        pages = [connection.page for connection in connections]
        items = [page.items for page in pages]
        columns: list[Sequence[Any]] = []
        for each in selected.fields:
            if each.name == "node":
                held = _stand_ins(connections)
                columns.append(nodes[each.key](held, run))
            elif each.name == "cursor":
                columns.append([page.cursor(place) for page in pages for place in range(len(page.items))])
            else:
                columns.append([each.parent.name] * sum(map(len, items)))  # __typename
        return parted(items, list(map(struct, *columns)))

    return edges


def _stand_ins(connections: Sequence[Any]) -> list[Any]:
    """What stands for the nodes of many connections."""
    nodes: list[Any] = []
    for connection in connections:
        made, items = connection.stand_in, connection.page.items
        nodes.extend(items if made is itself else map(made, items))
    return nodes


def _node(selections: Selections, one: Field) -> Shape:
    whole = _of_kind(selections, one, nullable(one.kind))
    return or_null(whole) if one.optional else never_null(whole)


def _pages(selections: Selections, one: Field, reading: Paged, asked: Column) -> Column:
    """First pages of rows at hand, of which nobody asks for a cursor: no page is made of them."""
    selected = selections.selection(nullable(one.kind), one)
    edges = [each for each in selected.fields if each.is_edges]
    below = [selections.selection(each.named, each) for each in edges]  # type: ignore[arg-type]  # edges have theirs
    if any(each.name not in {"edges", "totalCount", "__typename"} for each in selected.fields) or any(
        each.name not in {"node", "__typename"} for under in below for each in under.fields
    ):
        return asked
    edge_shapes = {each.key: _plain_edges(selections, under) for each, under in zip(edges, below, strict=True)}
    struct: Any = selected.struct
    rows = reading.rows

    def pages(sources: Sequence[Any], run: Columns) -> Sequence[Any]:
        arguments = run.arguments(one)
        if arguments.get("after") is not None:
            return asked(sources, run)
        first = page_size(arguments["first"])
        found = rows(sources)
        there = [each for each in found if each is not None]
        cut = [each if len(each) <= first else each[:first] for each in there]
        items = list(chain.from_iterable(cut))
        columns: list[Sequence[Any]] = []
        for each in selected.fields:
            if each.is_edges:
                columns.append(parted(cut, edge_shapes[each.key](items, run)))
            elif each.name == "totalCount":
                columns.append(list(map(len, there)))
            else:
                columns.append([each.parent.name] * len(there))  # __typename
        shaped = map(struct, *columns)
        return [None if each is None else next(shaped) for each in found]

    return pages


def _plain_edges(selections: Selections, selected: Selected) -> Shape:
    """Edges that show nodes and no cursors."""
    struct: Any = selected.struct
    columns: list[Column] = [
        _node(selections, each) if each.name == "node" else _read(each) for each in selected.fields
    ]
    return lambda items, run: list(map(struct, *[column(items, run) for column in columns]))
