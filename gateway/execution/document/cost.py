"""What an operation may cost, told from its document and sizes before anything is fetched; always an upper guess.

Each field counts 1, times the sizes of the lists that it stands in: `first`, the number of references, or a guess
where a list has no size. Each root field that shows people adds, for every entity that its fields need and every
source of that entity, a call and one read per person; a search adds what narrowing it down takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
)

from gateway.execution.document.measure import Limits, exceeded
from gateway.execution.listing import LARGEST_PAGE
from schema.declare import Declaration, declaration_of
from schema.derived import DERIVATIONS

CALL: Final = 10  # asking one source for one entity
SEARCH: Final = 100  # narrowing a search down to its candidates
ROWS: Final = 5  # rows of a list that has no size
_SIZES: Final = ("first", "representations")
_MOST_KEPT: Final = 256  # sizes per document whose cost is remembered
_META: Final[Mapping[str, GraphQLField]] = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a selection costs, the longest way through its lists, and the entities that it needs."""

    fields: int = 0
    items: int = 1
    entities: frozenset[str] = frozenset()


class Costs:
    """The costs of one document's operations; worked out once per operation and sizes."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, limits: Limits, sources: Mapping[str, int]
    ) -> None:
        """`sources` says how many sources hold an entity; one that it does not name counts as one."""
        self._schema = schema
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._limits = limits
        self._sources = sources
        self._sized: dict[str, tuple[str, ...]] = {}  # operation -> variables that say a list's size
        self._passed: set[tuple[str, tuple[int | None, ...]]] = set()

    def check(self, operation: OperationDefinitionNode, variables: Mapping[str, object]) -> None:
        """Refuse what would cost too much; LimitExceeded says the limit and the value."""
        name = operation.name.value if operation.name else ""
        sized = self._sized.get(name)
        if sized is not None and (name, _sizes(sized, variables)) in self._passed:
            return
        total, items, sized = self.estimate(operation, variables)
        if items > self._limits.list_items:
            raise exceeded("items in nested lists", items, self._limits.list_items, "Ask for smaller pages.")
        if total > self._limits.cost:
            raise exceeded("units of estimated cost", total, self._limits.cost, "Ask for fewer people or fields.")
        self._sized[name] = sized
        if len(self._passed) >= _MOST_KEPT:
            self._passed.clear()
        self._passed.add((name, _sizes(sized, variables)))

    def estimate(
        self, operation: OperationDefinitionNode, variables: Mapping[str, object]
    ) -> tuple[int, int, tuple[str, ...]]:
        """Cost, items of the longest nested lists, and the variables on which both depend."""
        estimator = _Estimator(self._schema, self._fragments, operation, variables)
        root = self._schema.get_root_type(operation.operation)
        total, items = 0, 1
        for node in estimator.roots(operation.selection_set):
            cost = estimator.field(root, node, None) if root else Cost()
            persons, is_search = estimator.persons(root, node) if root else (1, False)
            total += cost.fields + self._reading(cost.entities, persons) + (SEARCH if is_search else 0)
            items = max(items, cost.items)
        return total, items, tuple(sorted(estimator.sized))

    def _reading(self, entities: frozenset[str], persons: int) -> int:
        needed = entities | {"PersonRecord"} if entities else entities  # what decides is always read
        return sum(self._sources.get(entity, 1) * (CALL + persons) for entity in needed)


def _sizes(names: tuple[str, ...], variables: Mapping[str, object]) -> tuple[int | None, ...]:
    """The values on which the cost depends: never a person's, only numbers and lengths."""
    found = (variables.get(name) for name in names)
    return tuple(None if value is None else _size(value) for value in found)


def _size(value: object) -> int:
    if isinstance(value, list):
        return len(value)
    # A page larger than the largest is refused by itself, with a better word than "cost".
    return min(max(value, 1), LARGEST_PAGE) if isinstance(value, int) else 1


class _Estimator:
    """Walks an operation along the schema; a fragment is weighed once per type and size that it is spread under."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
        variables: Mapping[str, object],
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables
        self._defaults = {one.variable.name.value: one.default_value for one in operation.variable_definitions or ()}
        self._known: dict[tuple[str, str, int | None], Cost] = {}
        self.sized: set[str] = set()

    def roots(self, selections: SelectionSetNode) -> list[FieldNode]:
        """The root fields; `measure` has bounded how many there can be."""
        found: list[FieldNode] = []
        for node in selections.selections:
            if isinstance(node, FieldNode):
                found.append(node)
            elif isinstance(node, InlineFragmentNode):
                found += self.roots(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                found += self.roots(self._fragments[node.name.value].selection_set)
        return found

    def persons(self, root: GraphQLObjectType, node: FieldNode) -> tuple[int, bool]:
        """How many people a root field is about, and whether they are searched for."""
        definition = root.fields.get(node.name.value)
        if definition is None:
            return 1, False
        return self._explicit(definition, node) or 1, "filter" in definition.args

    def field(self, parent: GraphQLNamedType, node: FieldNode, page: int | None) -> Cost:
        """One field with what is below it. `page` is the size that the next list below has."""
        name = node.name.value
        fields = parent.fields if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else {}
        definition = fields.get(name) or _META.get(name)
        if definition is None or node.selection_set is None:
            return Cost(1, 1, _needed(definition))
        size = self._explicit(definition, node)
        if isinstance(get_nullable_type(definition.type), GraphQLList):
            times = size or page or ROWS
            page = None
        else:
            times = 1
            page = size or page
        below = self.selection(get_named_type(definition.type), node.selection_set, page)
        return Cost(1 + times * below.fields, (size or 1) * below.items, below.entities | _needed(definition))

    def selection(self, parent: GraphQLNamedType, selections: SelectionSetNode, page: int | None) -> Cost:
        """A selection under a type."""
        fields, items, entities = 0, 1, frozenset[str]()
        for node in selections.selections:
            if isinstance(node, FieldNode):
                cost = self.field(parent, node, page)
            elif isinstance(node, InlineFragmentNode):
                under = self._schema.type_map[node.type_condition.name.value] if node.type_condition else parent
                cost = self.selection(under, node.selection_set, page)
            elif isinstance(node, FragmentSpreadNode):
                cost = self._fragment(node.name.value, page)
            fields += cost.fields
            items = max(items, cost.items)
            entities |= cost.entities
        return Cost(fields, items, entities)

    def _fragment(self, name: str, page: int | None) -> Cost:
        definition = self._fragments[name]
        condition = definition.type_condition.name.value
        known = self._known.get((name, condition, page))
        if known is None:
            known = self.selection(self._schema.type_map[condition], definition.selection_set, page)
            self._known[name, condition, page] = known
        return known

    def _explicit(self, definition: GraphQLField, node: FieldNode) -> int | None:
        """The size that an argument gives a list, if one does."""
        for name in _SIZES:
            if name in definition.args:
                given = next((one.value for one in node.arguments or () if one.name.value == name), None)
                found = self._value(given)
                return _size(definition.args[name].default_value if found is None else found)
        return None

    def _value(self, given: ValueNode | None) -> object:
        if isinstance(given, VariableNode):
            name = given.name.value
            self.sized.add(name)
            if self._variables.get(name) is not None:
                return self._variables[name]
            return self._value(self._defaults.get(name))
        if isinstance(given, IntValueNode):
            return int(given.value) if len(given.value) < 12 else LARGEST_PAGE
        return list(given.values) if isinstance(given, ListValueNode) else None


def _needed(definition: GraphQLField | None) -> frozenset[str]:
    declared = _declared(definition)
    if declared is None:
        return frozenset()
    columns = DERIVATIONS[declared.derived].needs if declared.derived else declared.needs
    needed = {column.entity for column in columns}
    return frozenset(needed | {declared.rows} if declared.rows else needed)


def _declared(definition: GraphQLField | None) -> Declaration | None:
    strawberry_field = definition.extensions.get("strawberry-definition") if definition else None
    return declaration_of(strawberry_field.metadata) if strawberry_field else None
