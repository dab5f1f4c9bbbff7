"""Lint: what Cedar and the start let pass and nobody can have meant. Exact, over every set of facts there is.

The gateway's own inspection (gateway/authorization/policy_set.py) comes first; what it refuses, nothing is proven of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cedarpy import pst

from gateway.authorization.finding import Finding
from gateway.authorization.masks import MASKS
from gateway.authorization.policy_set import (
    DIRECTORY,
    GROUPS_FILE,
    SCHEMA_FILE,
    Policy,
    PolicySet,
    inspect,
)
from gateway.policy.diagram import NEVER, Node, TooLarge
from gateway.policy.model import PART, WHOLE, Cell, Model, Unproven, models_of
from gateway.policy.question import in_words
from gateway.policy.schema_text import SchemaUnread
from gateway.policy.space import Uid
from gateway.policy.symbols import Evaluator, parts

_STRICTNESS: Final = {name: rank for rank, name in enumerate(MASKS)}


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, and the rules where they can be used."""

    findings: tuple[Finding, ...]
    policies: PolicySet | None


def check(directory: Path = DIRECTORY) -> Checked:
    """Everything that is wrong with a directory of policies."""
    inspection = inspect(directory)
    if inspection.policies is None:
        return Checked(inspection.findings, None)
    try:
        (model,) = models_of([inspection.policies])
        found = [*_lint(model), *_groups(model, directory)]
    except Unproven as error:
        message = f"@id({error.policy.id!r}) cannot be proven about: {error.reason}"
        fix = "write the condition with facts of the schema"
        found = [Finding(error.policy.file, error.policy.line, "POLICY_UNPROVEN", message, fix)]
    except (SchemaUnread, TooLarge) as error:
        found = [Finding(SCHEMA_FILE, 0, "POLICY_UNPROVEN", f"cannot be proven about: {error}", "write it plainer")]
    return Checked(tuple(sorted(found)), inspection.policies)


def _lint(model: Model) -> Iterator[Finding]:
    yield from _facts(model)
    for policy in model.policies.values():
        if _is_dead(model, policy):
            yield _finding(
                policy, "POLICY_DEAD", "applies to nobody, whatever the facts", "correct its condition, or delete it"
            )
            continue
        yield from _failing(model, policy)
        yield from _clauses(model, policy)
        yield from _masking(model, policy)
        yield from _standing_behind(model, policy)


def _finding(policy: Policy, code: str, what: str, fix: str) -> Finding:
    return Finding(policy.file, policy.line, code, f"@id({policy.id!r}) {what}", fix)


def _is_possible(model: Model, node: Node) -> bool:
    return model.diagrams.both(node, model.possible) != NEVER


def _is_dead(model: Model, policy: Policy) -> bool:
    return not any(_is_possible(model, applies.holds) for applies in model.applies[policy.id].values())


def _failing(model: Model, policy: Policy) -> Iterator[Finding]:
    """A policy that fails refuses the whole question; a forbid that Cedar skips would otherwise open it."""
    for applies in model.applies[policy.id].values():
        failing = model.diagrams.both(applies.fails, model.possible)
        if failing != NEVER:
            example = in_words(model.space, model.diagrams.witness(failing) or {})
            yield _finding(
                policy,
                "POLICY_MAY_FAIL",
                f"cannot be evaluated for some facts, such as: {example}",
                "test with `has` before an optional fact, and let no sum grow without bound",
            )
            return


# ---- clauses that do nothing ------------------------------------------------------------------------------------


def _clauses(model: Model, policy: Policy) -> Iterator[Finding]:
    """Alternatives of a when or unless of which none can ever decide."""
    body = model.bodies[policy.id]
    evaluator = Evaluator(model.space, model.vocabulary)
    held: list[object] = []  # the evaluator remembers by identity
    for number, clause in enumerate(body.clauses):
        others = (*body.clauses[:number], *body.clauses[number + 1 :])
        alternatives = _alternatives(clause.expr)
        for place, alternative in enumerate(alternatives):
            is_unless = isinstance(clause, pst.Unless)
            tried = replace(body, clauses=(*others, pst.When(alternative)))
            held.append(tried)
            if not _can_hold(model, evaluator, tried):
                kind = "unless" if is_unless else "when"
                which = f"alternative {place + 1} of its" if len(alternatives) > 1 else "its"
                yield _finding(
                    policy,
                    "POLICY_CLAUSE_DEAD",
                    f"{which} `{kind}` ({_gist(alternative)}) can never hold where the policy applies",
                    "correct it, or delete it",
                )


def _can_hold(model: Model, evaluator: Evaluator, body: pst.Template) -> bool:
    for action, label in model.cells:
        holds, _ = evaluator.condition(body, action, Uid(model.label_kind, label))
        if _is_possible(model, holds):
            return True
    return False


def _alternatives(expression: pst.Expr) -> list[pst.Expr]:
    if isinstance(expression, pst.BinaryOp) and expression.op == "or":
        return [*_alternatives(expression.left), *_alternatives(expression.right)]
    return [expression]


def _gist(expression: pst.Expr) -> str:
    """What an expression speaks of: facts and names, in order."""
    words = dict.fromkeys(_words(expression))
    return ", ".join(words)


def _words(node: object) -> Iterator[str]:
    if isinstance(node, pst.GetAttr):
        yield node.attr
    elif isinstance(node, pst.EntityUid):
        yield node.id
        return
    for part in parts(node):
        yield from _words(part)


# ---- masks ------------------------------------------------------------------------------------------------------


def _masking(model: Model, policy: Policy) -> Iterator[Finding]:
    if policy.forbids:
        return
    actions = {action for action, _ in model.applies[policy.id]}
    if PART in actions and WHOLE not in actions and policy.mask is None:
        yield _finding(
            policy, "POLICY_MASK_MISSING", f"opens {PART} alone and names no mask, so it shows nothing", "add @mask"
        )
    if policy.mask is not None and PART not in actions:
        yield _finding(
            policy, "POLICY_MASK_UNUSED", f"names a mask and never opens {PART}", f"open {PART}, or drop @mask"
        )


# ---- policies behind others -------------------------------------------------------------------------------------


def _standing_behind(model: Model, policy: Policy) -> Iterator[Finding]:
    if not policy.forbids and all(_is_forbidden(model, policy, cell) for cell in model.applies[policy.id]):
        what = "permits nothing that the guards do not forbid again"
        yield _finding(policy, "POLICY_OVERRIDDEN", what, "delete it, or correct the guard")
        return
    for other in model.policies.values():
        if _is_behind(model, policy, other) and (policy.line, policy.file) != (other.line, other.file):
            # Of two that say the same, the later one is named.
            is_first = _is_behind(model, other, policy) and _place(policy) < _place(other)
            if not is_first:
                what = f"changes nothing: {other.id} says so already wherever it applies"
                yield _finding(policy, "POLICY_SHADOWED", what, "delete it, or correct its condition")
                return


def _place(policy: Policy) -> tuple[str, int]:
    return policy.file, policy.line


def _is_forbidden(model: Model, policy: Policy, cell: Cell) -> bool:
    diagrams = model.diagrams
    forbids = (
        model.applies[name][cell].holds
        for name, other in model.policies.items()
        if other.forbids and cell in model.applies[name]
    )
    own = diagrams.both(model.applies[policy.id][cell].holds, model.possible)
    return diagrams.implies(own, diagrams.either(*forbids))


def _is_behind(model: Model, policy: Policy, other: Policy) -> bool:
    """Whether another policy of the same kind covers this one, its mask included."""
    if policy.id == other.id or policy.forbids != other.forbids:
        return False
    covering = model.applies[other.id]
    for cell, applies in model.applies[policy.id].items():
        own = model.diagrams.both(applies.holds, model.possible)
        if own == NEVER:
            continue
        if cell not in covering or not model.diagrams.implies(own, covering[cell].holds):
            return False
        if cell[0] == PART and not policy.forbids and _strictness(policy) < _strictness(other):
            in_part = model.diagrams.without(own, model.allowed[WHOLE, cell[1]])
            if in_part != NEVER:
                return False
    return True


def _strictness(policy: Policy) -> int:
    return _STRICTNESS[policy.mask or "redact"]


# ---- facts and groups -------------------------------------------------------------------------------------------


def _facts(model: Model) -> Iterator[Finding]:
    lines = model.set.schema_text.splitlines()
    for name, attribute in model.vocabulary.facts.items():
        if attribute.type.kind != "entity" and not attribute.meaning:
            bare = name.rpartition(".")[2]
            line = next(
                (at for at, text in enumerate(lines, 1) if text.strip().startswith((f"{bare}:", f"{bare}?:"))), 0
            )
            message = f"the fact {name} has no comment that says when it holds"
            fix = "write one beside it: explanations and the matrix quote it"
            yield Finding(SCHEMA_FILE, line, "POLICY_FACT_UNEXPLAINED", message, fix)


def _groups(model: Model, directory: Path) -> Iterator[Finding]:
    used = {uid.id for body in model.bodies.values() for uid in pst.entity_uids(body)}
    lines = (directory / GROUPS_FILE).read_text(encoding="utf-8").splitlines()
    for uid in model.vocabulary.entities:
        if uid.kind.endswith("Group") and uid.id not in used:
            line = next((at for at, text in enumerate(lines, 1) if text.strip().startswith(f"{uid.id}:")), 0)
            message = f"no policy speaks of the group {uid.id}"
            yield Finding(GROUPS_FILE, line, "POLICY_GROUP_UNUSED", message, "delete it, or correct its name")


def counted(findings: Sequence[Finding]) -> str:
    """How many, in words."""
    return "nothing found" if not findings else f"{len(findings)} finding{'s' if len(findings) > 1 else ''}"
