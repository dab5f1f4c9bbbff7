"""docs/policy.md: who may see what, under which ties and by which article, computed from the policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from gateway.authorization.policy_set import Policy
from gateway.policy.conditions import Polarity, conditions, readable
from gateway.policy.diagram import NEVER, Literals, Node, Value
from gateway.policy.diff import purpose_fact
from gateway.policy.model import PART, WHOLE, Model
from gateway.policy.rights import SEARCH, Rights
from schema.enums import Purpose, Role

HEAD: Final = """\
# Who may see what

Computed from the policies (`gateway/authorization/policies`) by `yiti policy matrix`; a test keeps it so. It is
complete: what does not stand here is denied. To ask about one case, `yiti policy explain`; to see what a change of
policies changes, `yiti policy diff` ([the tools](policy-tools.md)).

**How to read it.** A viewer asks in a role, for one purpose, about one person. What may be seen depends on the label
that the field bears and on how viewer and person are connected. Each cell lists the connections of which **any one**
is enough; `+` joins what must come together, *always* needs none. `whole` is the value as it is, other words name the
[mask](#masks) that is left of it; 🔍 means that people may also be found and sorted by it. A viewer of several roles
has what each of them has, and is bound by every guard. The tables hold for a person whom none of the
[protections](#protections) covers, asked for at home.
"""


def matrix(model: Model) -> str:
    """The page."""
    return "\n".join(_Page(model).lines()) + "\n"


@dataclass(frozen=True, slots=True)
class _Row:
    """One label in one role's table: what stands in each purpose's cell, and by which policies."""

    label: str
    cells: tuple[str, ...]
    policies: tuple[str, ...]


class _Page:
    def __init__(self, model: Model) -> None:
        self._model = model
        self._diagrams = model.diagrams
        self._rights = Rights(model)
        self._polarity = Polarity(self._rights)
        self._purpose = purpose_fact(model.space)
        self._purposes = model.space.values[self._purpose]

    def lines(self) -> Iterator[str]:
        yield HEAD
        yield from self._facts()
        yield from self._open()
        for role in self._model.space.roles:
            yield from self._role(role)
        for fact in self._polarity.mixed:
            yield from self._mixed(fact)
        yield from self._actions()
        yield from self._protections()
        yield from self._guards()
        yield from _masks(self._rights)

    # ---- words ----------------------------------------------------------------------------------------------------

    def _facts(self) -> Iterator[str]:
        yield "## Connections and protections"
        yield ""
        yield "| words here | fact | when it holds | what it does |"
        yield "|---|---|---|---|"
        for name, attribute in self._model.space.facts.items():
            if attribute.type.kind == "entity" and not self._matters(name):
                continue
            words = readable(name, True, "")
            yield f"| {words} | `{name}` | {attribute.meaning} | {self._effect_of(name)} |"
        yield ""
        yield "| group of labels | members |"
        yield "|---|---|"
        for group, members in self._groups.items():
            listed = [label for label in self._model.vocabulary.labels if label in members]
            if len(listed) > 2:
                yield f"| *{group}* | {', '.join(listed)} |"
        yield ""

    def _open(self) -> Iterator[str]:
        yield "## Everybody"
        yield ""
        opened = [label for label in self._model.vocabulary.labels if label not in self._guarded]
        yield f"Open to every role and purpose: {', '.join(opened) or 'nothing'}."
        yield ""
        by = {
            policy.id
            for label in opened
            for policy in self._model.policies.values()
            if not policy.forbids and (WHOLE, label) in self._model.applies[policy.id]
        }
        yield from self._grounds([tuple(by)])

    def _matters(self, name: str) -> bool:
        return name != self._purpose and any(
            name in self._diagrams.turns_on(node) for node in self._rights.nodes.values()
        )

    def _effect_of(self, name: str) -> str:
        if name in self._polarity.protections:
            return "only ever closes"
        if name in self._polarity.ties:
            return "only ever opens"
        return "opens and closes" if name in self._polarity.mixed else "opens what it names"

    # ---- one role -------------------------------------------------------------------------------------------------

    @cached_property
    def _usual(self) -> dict[str, Value]:
        """Nothing protects the person, nobody else asks on the viewer's behalf."""
        return dict.fromkeys((*self._polarity.protections, *self._polarity.mixed), False)

    def _role(self, role: str) -> Iterator[str]:
        yield f"## {role} {Role[role].value}"
        yield ""
        served = [purpose for purpose in self._purposes if any(self._cells(role, purpose, self._usual).values())]
        if not served:
            yield "Sees nothing but what is public, for any purpose."
            yield ""
            return
        rows = [self._row(role, label, served, self._usual) for label in self._guarded]
        yield from self._table(served, [row for row in rows if any(row.cells)])
        closed = [label for label, row in zip(self._guarded, rows, strict=True) if not any(row.cells)]
        if closed:
            yield f"Never: {', '.join(closed)}."
            yield ""
        yield from self._grounds(row.policies for row in rows)

    def _table(self, served: Sequence[Value], rows: Sequence[_Row]) -> Iterator[str]:
        titles = (f"{purpose} {Purpose[str(purpose)].value}" for purpose in served)
        yield f"| label | {' | '.join(titles)} | by |"
        yield f"|---|{'---|' * len(served)}---|"
        alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
        for row in rows:
            alike.setdefault((row.cells, row.policies), []).append(row.label)
        for (found, policies), labels in alike.items():
            cells = " | ".join(cell or "—" for cell in found)
            yield f"| {', '.join(labels)} | {cells} | {', '.join(map(_number, policies))} |"
        yield ""

    def _grounds(self, policies: Iterable[tuple[str, ...]]) -> Iterator[str]:
        for name in sorted({one for found in policies for one in found}):
            policy = self._model.policies[name]
            obliges = f" Obliges: {policy.obligation}." if policy.obligation else ""
            yield f"- **{_number(name)}** {policy.basis}.{obliges}"
        yield ""

    @cached_property
    def _guarded(self) -> tuple[str, ...]:
        """The labels that are not open to everybody."""
        return tuple(
            label
            for label in self._model.vocabulary.labels
            if not self._diagrams.implies(self._model.possible, self._rights.whole[label])
        )

    def _cells(self, role: str, purpose: Value, usual: Mapping[str, Value]) -> dict[str, str]:
        return {label: self._cell(role, label, purpose, usual) for label in self._guarded}

    def _row(self, role: str, label: str, served: Sequence[Value], usual: Mapping[str, Value]) -> _Row:
        cells = tuple(self._cell(role, label, purpose, usual) for purpose in served)
        found: dict[str, None] = {}
        for purpose in served:
            found.update(dict.fromkeys(self._opening(role, label, purpose, usual)))
        return _Row(label, cells, tuple(sorted(found)))

    def _cell(self, role: str, label: str, purpose: Value, usual: Mapping[str, Value]) -> str:
        given = {**self._model.space.only(role), self._purpose: purpose, **usual}
        whole = self._diagrams.given(self._rights.whole[label], given)
        search = self._diagrams.given(self._rights.nodes[SEARCH, label], given) if self._has(SEARCH) else NEVER
        parts = []
        if search != NEVER:
            parts.append(f"**whole** 🔍: {self._terms(search, label)}")
        if whole not in (search, NEVER):
            seen_only = [one for one in self._each(whole, label) if one not in set(self._each(search, label))]
            if seen_only:
                parts.append(f"**whole**: {_listed(seen_only)}")
        part = self._diagrams.given(self._rights.part[label], given)
        if part != NEVER:
            # What opens the whole opens the part as well; told are the connections that open the part alone.
            either = self._each(self._diagrams.either(part, whole), label)
            ties = [one for one in either if one not in set(self._each(whole, label))]
            parts.append(f"{self._masking(label, given)}: {_listed(ties)}")
        return "<br>".join(parts)

    def _masking(self, label: str, given: Mapping[str, Value]) -> str:
        """The masks of a cell; a stricter one than the policies name where other labels would give it away."""
        found = [
            mask for mask, node in self._rights.masks[label].items() if self._diagrams.given(node, given) != NEVER
        ]
        return " or ".join(f"`{mask}`" for mask in found)

    def _has(self, action: str) -> bool:
        return action in self._model.vocabulary.actions

    def _each(self, node: Node, label: str) -> tuple[str, ...]:
        return conditions(self._model, node, label, readable)

    def _terms(self, node: Node, label: str) -> str:
        return _listed(self._each(node, label))

    def _opening(self, role: str, label: str, purpose: Value, usual: Mapping[str, Value]) -> Iterator[str]:
        """The permits behind a cell: of every minimal condition those that apply to it."""
        given = {**self._model.space.only(role), self._purpose: purpose, **usual}
        shown = [(WHOLE, self._rights.whole[label]), (PART, self._rights.part[label])]
        searched = [(SEARCH, self._rights.nodes[SEARCH, label])] if self._has(SEARCH) else []
        for action, node in (*shown, *searched):
            for literals in self._diagrams.primes(self._diagrams.given(node, given)):
                yield from (one.id for one in self._deciding(action, label, given, literals))

    def _deciding(
        self, action: str, label: str, given: Mapping[str, Value], literals: Literals
    ) -> tuple[Policy, ...]:
        plain = {variable.name: variable.values[0] for variable in self._model.space.variables}
        return self._model.deciding(action, label, {**plain, **given, **dict(literals)})

    # ---- the rest -------------------------------------------------------------------------------------------------

    def _mixed(self, fact: str) -> Iterator[str]:
        attribute = self._model.space.facts[fact]
        yield f"## When {readable(fact, True, '')}"
        yield ""
        yield f"{attribute.meaning[:1].upper()}{attribute.meaning[1:]}. What differs from the tables above:"
        yield ""
        yield "| role | purpose | label | then | by |"
        yield "|---|---|---|---|---|"
        otherwise = {**self._usual, fact: True}
        policies: list[tuple[str, ...]] = []
        for role in self._model.space.roles:
            for purpose in self._purposes:
                found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
                for label in self._guarded:
                    then = self._cell(role, label, purpose, otherwise)
                    if then != self._cell(role, label, purpose, self._usual):
                        by = tuple(sorted(set(self._opening(role, label, purpose, otherwise))))
                        found.setdefault((then, by), []).append(label)
                for (then, by), labels in found.items():
                    policies.append(by)
                    numbers = ", ".join(map(_number, by))
                    yield f"| {role} | {purpose} | {', '.join(labels)} | {then or 'nothing'} | {numbers} |"
        yield ""
        yield from self._grounds(policies)

    def _actions(self) -> Iterator[str]:
        others = [one for one in self._model.vocabulary.actions if one not in {WHOLE, PART, SEARCH}]
        if not others:
            return
        yield "## What shows nobody's values"
        yield ""
        yield "| action | role | purpose | labels | connection | by |"
        yield "|---|---|---|---|---|---|"
        policies: list[tuple[str, ...]] = []
        for action in others:
            for role in self._model.space.roles:
                for row, by in self._other(action, role):
                    policies.append(by)
                    yield row
        yield ""
        yield from self._grounds(policies)

    def _other(self, action: str, role: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        found: dict[tuple[str, tuple[str, ...]], dict[str, list[str]]] = {}
        for purpose in self._purposes:
            given = {**self._model.space.only(role), self._purpose: purpose, **self._usual}
            for label in self._model.vocabulary.labels:
                left = self._diagrams.given(self._model.allowed[action, label], given)
                if left == NEVER or label not in self._guarded:
                    continue
                primes = self._diagrams.primes(left)
                deciding = {one.id for each in primes for one in self._deciding(action, label, given, each)}
                key = (self._terms(left, label), tuple(sorted(deciding)))
                found.setdefault(key, {}).setdefault(str(purpose), []).append(label)
        for (terms, by), purposes in found.items():
            alike: dict[tuple[str, ...], list[str]] = {}
            for name, labels in purposes.items():
                alike.setdefault(tuple(labels), []).append(name)
            for listed, names in alike.items():
                named = self._named(listed)
                numbers = ", ".join(map(_number, by))
                yield f"| {action} | {role} | {', '.join(names)} | {named} | {terms} | {numbers} |", by

    @cached_property
    def _groups(self) -> dict[str, set[str]]:
        """The groups of labels with their members."""
        members: dict[str, set[str]] = {}
        for uid, entity in self._model.vocabulary.entities.items():
            if uid.kind == self._model.label_kind:
                for group in entity.ancestors:
                    members.setdefault(group.id, set()).add(uid.id)
        return dict(sorted(members.items()))  # Cedar keeps no order

    def _named(self, labels: Sequence[str]) -> str:
        """Labels by their group's name where they are one."""
        same = [group for group, names in self._groups.items() if names == set(labels) and len(names) > 2]
        return f"*{same[0]}*" if same else ", ".join(labels)

    def _protections(self) -> Iterator[str]:
        yield "## Protections"
        yield ""
        yield "Each only ever closes. What is left of a label for each role, of a person so protected:"
        yield ""
        yield "| protection | role | labels | left |"
        yield "|---|---|---|---|"
        for fact in self._model.space.facts:
            if fact in self._polarity.protections:
                for role in self._model.space.roles:
                    for labels, left in self._protected(fact, role).items():
                        yield f"| {readable(fact, True, '')} | {role} | {', '.join(labels)} | {left} |"
        yield ""

    def _protected(self, fact: str, role: str) -> dict[tuple[str, ...], str]:
        usual = {name: value for name, value in self._usual.items() if name != fact}
        given = {**self._model.space.only(role), **usual}
        found: dict[str, list[str]] = {}
        for label in self._guarded:
            seen = self._diagrams.either(self._rights.whole[label], self._rights.part[label])
            before = self._diagrams.given(seen, {**given, fact: False})
            after = self._diagrams.given(seen, {**given, fact: True})
            if before != after:
                found.setdefault(self._left(before, after, label), []).append(label)
        return {tuple(labels): left for left, labels in found.items()}

    def _left(self, before: Node, after: Node, label: str) -> str:
        """What each condition has to be joined by now, and which still do alone."""
        alone: dict[str, None] = {}
        joined: dict[str, None] = {}
        usual = self._diagrams.primes(before)
        for now in self._diagrams.primes(after):
            was = min((one for one in usual if one <= now), key=len, default=frozenset[tuple[str, Value]]())
            words = self._joined(now - was, label)
            (joined if words else alone)[words or self._joined(was, label)] = None
        parts = [f"only with {', or '.join(sorted(joined))}"] if joined else []
        parts += [f"as before: {_listed(sorted(alone))}"] if alone else []
        return "; ".join(parts) or "nothing"

    def _joined(self, literals: Literals, label: str) -> str:
        return " & ".join(sorted(readable(*one, label) for one in literals if one[0] != self._purpose))

    def _guards(self) -> Iterator[str]:
        yield "## Guards"
        yield ""
        yield "A guard wins over everything that opens."
        yield ""
        yield "| guard | closes | article |"
        yield "|---|---|---|"
        for policy in self._model.policies.values():
            if policy.forbids:
                labels = dict.fromkeys(label for _, label in self._model.applies[policy.id])
                link = f"../gateway/authorization/policies/{policy.file}"
                yield f"| [{policy.id}]({link}) | {self._named(list(labels))} | {policy.basis} |"
        yield ""


def _masks(rights: Rights) -> Iterator[str]:
    used = sorted({mask for masks in rights.masks.values() for mask in masks})
    yield "## Masks"
    yield ""
    words = {
        "redact": "nothing",
        "region_only": "the county of a region code",
        "year_only": "the year of a date",
        "id_ends": "the first and the last character",
        "phone_tail": "the first three and the last two digits of a mobile number",
        "name_initial": "the first character; of a date the year",
        "id_edges": "the first three and the last two characters",
    }
    yield "| mask | what is left of a value; what it does not fit is hidden |"
    yield "|---|---|"
    yield from (f"| `{mask}` | {words.get(mask, 'see gateway/authorization/masks.py')} |" for mask in used)


def _listed(terms: Iterable[str]) -> str:
    return " · ".join(term.replace(" & ", " + ") or "*always*" for term in terms)


def _number(policy: str) -> str:
    return policy.partition("-")[0]
