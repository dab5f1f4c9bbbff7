"""The tools' answers as text for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from gateway.authorization.finding import Finding
from gateway.policy.diff import GAINS, Change, Difference
from gateway.policy.explain import WORDS, Explanation, Fact, Flip


def findings_json(findings: Iterable[Finding]) -> list[dict[str, object]]:
    """Findings as objects."""
    return [
        {"file": one.file, "line": one.line, "code": one.code, "message": one.message, "fix": one.fix}
        for one in findings
    ]


def findings_text(findings: Iterable[Finding]) -> Iterator[str]:
    """One finding a line, as compilers print them."""
    return (f"{one.place}: {one.code}: {one.message}; {one.fix}" for one in findings)


# ---- explain ----------------------------------------------------------------------------------------------------


def explanation_json(one: Explanation) -> dict[str, object]:
    """An explanation as an object."""
    return {
        "field": one.field,
        "label": one.label.value,
        "effect": one.effect.name,
        "mask": one.mask,
        "maskNamed": one.hardened_from or one.mask,
        "searchable": one.searchable,
        "policyVersion": one.policy_version,
        "roles": list(one.roles),
        "policies": [
            {
                "id": policy.id,
                "basis": policy.basis,
                "forbids": policy.forbids,
                "place": f"{policy.file}:{policy.line}",
            }
            for policy in one.policies
        ],
        "facts": [
            {
                "name": fact.name,
                "value": fact.value,
                "matters": fact.matters,
                "meaning": fact.meaning,
                "derivedFrom": list(fact.derived_from),
            }
            for fact in one.facts
        ],
        "otherwise": [
            {"effect": flip.effect.name, "changes": dict(flip.changes), "policies": list(flip.policies)}
            for flip in one.flips
        ],
    }


def explanation_text(one: Explanation) -> Iterator[str]:
    """An explanation for people."""
    title = f"{one.field} ({one.label.value})" if one.field != one.label.value else one.field
    yield f"{title}: {one.effect.name}, {WORDS[one.effect]}"
    if one.mask is not None:
        hardened = f", instead of {one.hardened_from}, as other labels of the person are seen beside it"
        yield f"  mask      {one.mask}{hardened if one.hardened_from else ''}"
    yield f"  search    {'may' if one.searchable else 'may not'} be filtered and sorted by"
    yield f"  roles     {', '.join(one.roles) or 'none'}"
    yield f"  version   {one.policy_version}"
    yield ""
    yield from _policies(one)
    mattering = [fact for fact in one.facts if fact.matters]
    yield ""
    yield "facts on which it turns" if mattering else "no fact changes it for these roles"
    yield from map(_fact, mattering)
    others = [fact.name for fact in one.facts if not fact.matters]
    if others:
        yield f"  and not on {', '.join(others)}"
    yield ""
    yield from map(_flip, one.flips)


def _policies(one: Explanation) -> Iterator[str]:
    if not one.policies:
        yield "no policy permits it"
    for policy in one.policies:
        yield f"{'forbidden' if policy.forbids else 'permitted'} by {policy.id} ({policy.file}:{policy.line})"
        yield f"  {policy.basis}"


def _fact(fact: Fact) -> str:
    value = ", ".join(map(str, fact.value)) or "nothing" if isinstance(fact.value, list) else _word(fact.value)
    origin = f" [{', '.join(fact.derived_from)}]" if fact.derived_from else ""
    return f"  {fact.name} = {value}" + (f": {fact.meaning}" if fact.meaning else "") + origin


def _flip(flip: Flip) -> str:
    changes = " and ".join(f"{name} = {_word(value)}" for name, value in flip.changes.items())
    by = f", by {', '.join(flip.policies)}" if flip.policies else ""
    return f"{flip.effect.name} if {changes}{by}"


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# ---- diff -------------------------------------------------------------------------------------------------------


def difference_json(one: Difference) -> dict[str, object]:
    """A difference as an object."""
    return {
        "before": one.before,
        "after": one.after,
        "gains": one.gains,
        "added": [policy.id for policy in one.added],
        "removed": [policy.id for policy in one.removed],
        "rebased": [{"id": new.id, "before": old.basis, "after": new.basis} for old, new in one.rebased],
        "changes": [
            {
                "kind": change.kind,
                "roles": list(change.roles),
                "purpose": change.purpose,
                "label": change.label,
                "action": change.action,
                "witness": change.witness,
                "facts": change.words,
                "before": list(change.before),
                "after": list(change.after),
            }
            for change in one.changes
        ],
    }


def difference_text(one: Difference) -> Iterator[str]:
    """A difference for people: by who, gains first, with facts that show it."""
    yield f"{one.before} -> {one.after}"
    for title, policies in (("added", one.added), ("removed", one.removed)):
        if policies:
            yield f"{title}: {', '.join(policy.id for policy in policies)}"
    for old, new in one.rebased:
        yield f"another article for {new.id}: {old.basis} -> {new.basis}"
    ordered = sorted(one.changes, key=lambda change: (change.kind, change.roles, change.purpose))
    for (kind, roles, purpose), found in groupby(
        ordered, key=lambda change: (change.kind, change.roles, change.purpose)
    ):
        yield ""
        yield f"{' and '.join(roles)}, for {purpose}, {kind}"
        yield from _changes(list(found))
    gained = sum(change.kind == GAINS for change in one.changes)
    yield ""
    yield f"{gained} gained, {len(one.changes) - gained} lost" if one.changes else "the same for everybody"


def _changes(found: Sequence[Change]) -> Iterator[str]:
    """Changes that the same facts show, together."""
    shown: dict[tuple[str, tuple[str, ...], tuple[str, ...]], dict[str, list[str]]] = {}
    for one in found:
        actions = shown.setdefault((one.words, one.before, one.after), {})
        actions.setdefault(one.label, []).append(one.action)
    for (words, before, after), labels in shown.items():
        rights = "; ".join(f"{label} {', '.join(actions)}" for label, actions in labels.items())
        yield f"  {rights}"
        yield f"    such as: {words}"
        yield f"    before: {', '.join(before) or 'no policy'}; after: {', '.join(after) or 'no policy'}"
