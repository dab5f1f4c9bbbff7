"""What a decision is: facts in, one grant per label out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from msgspec import Struct

from schema.label import Label


class Effect(IntEnum):
    """Ordered: a larger effect shows more."""

    DENY = 0
    MASK = 1
    ALLOW = 2


class Evidence(Struct, frozen=True, gc=False):
    """What is known of one person, before any masking, that may influence a decision. Codes, never names.

    `holders` are agency codes and province codes whose sources know the person; `places` are the GB/T 2260 or
    township codes of execution place, residence and domicile, each where known.
    """

    person: str  # Person.id
    source_agencies: Collection[str]  # organisation codes of the sources that know this person
    measure_agencies: Collection[str]  # organisation codes of agencies that execute or executed a measure
    active_agencies: Collection[str]  # of those, where a measure has not ended
    decision_agencies: Collection[str]  # organisation codes of decision authorities
    police_codes: Collection[str]  # responsible police
    execution_place: str | None
    residence: str | None
    domicile: str | None
    birth_year: int | None
    under_18: bool
    sealed: bool
    control_lifted: bool  # dynamic control ended after three clean years (戒毒条例 7)
    agreement_agencies: Collection[str]  # of agencies that have an agreement in force with the person
    awaiting_agencies: Collection[str]  # of agencies where a measure was ordered, not long ago, and has not begun
    decision_numbers: Collection[str]  # 文号 of the decisions about the person
    file_closed: bool  # every measure ended more than three years ago


@dataclass(frozen=True, slots=True)
class Facts:
    """The decision signature. Every field is mandatory: a missing fact is a TypeError, never a default."""

    roles: frozenset[str]
    purpose: str
    agency_kind: str
    clearance: str  # a name of schema.enums.Clearance; NONE of whoever another gateway speaks for
    responsible: bool  # my agency executes or holds a current measure, or is the responsible police
    formerly: bool  # it did once
    in_my_tree: bool  # execution place, else residence, lies under my jurisdiction (successor codes resolved)
    domiciled_in_my_tree: bool
    my_decision: bool  # my agency decided
    assigned: bool  # my agency has an agreement in force with the person
    handoff_to_me: bool  # a measure at my agency was ordered and has not begun
    legal_basis: bool  # the token carries a case number or statutory-query number
    legal_order: bool  # which is the number of a decision about this very person
    is_self: bool
    is_family_with_consent: bool  # a relative whom the person has let in
    record_sealed: bool  # the violation record (治安管理处罚法 136)
    file_sealed: bool  # the file of measures that all ended long ago
    minor: bool
    control_lifted: bool
    forwarded: bool
    consented: frozenset[Label]  # by consents in force, to this recipient for this purpose
    break_glass: frozenset[Label]  # by this viewer's own emergency access in force


@dataclass(frozen=True, slots=True)
class Grant:
    """What one decision says of one label."""

    label: Label
    effect: Effect
    mask: str | None  # name of a mask (gateway/authorization/masks.py) where the effect is MASK
    policies: tuple[str, ...]  # ids of the policies that decided
    reason: str  # coarse, safe to show: granted | masked | not_permitted
    may_filter: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """One grant per label, for every label."""

    facts: Facts
    policy_version: str
    grants: Mapping[Label, Grant]
    effects: tuple[Effect, ...] = field(init=False, repr=False, compare=False)  # in the order of Label
    denied: frozenset[Label] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        effects = {label: self.grants[label].effect for label in Label}
        object.__setattr__(self, "effects", tuple(effects.values()))
        denied = frozenset(label for label, effect in effects.items() if effect is Effect.DENY)
        object.__setattr__(self, "denied", denied)

    def __getitem__(self, label: Label) -> Grant:
        return self.grants[label]


class Authorizer(Protocol):
    """Decides; pure, memoised by facts and policy version, every engine error a deny."""

    @property
    def policy_version(self) -> str:
        """The version that decides."""
        ...

    def decide(self, facts: Facts) -> Decision:
        """The grants for these facts."""
        ...

    def basis(self, policy: str) -> str:
        """The article on which a policy rests, by the policy's id."""
        ...
