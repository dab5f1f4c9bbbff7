"""What is true in the imitation world: people and their life courses, before any agency writes its partial view.

Everything here is fictional. Id numbers carry a region code that GB/T 2260 has never assigned.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Term:
    """One measure as it really went. Kinds, reasons and phases are names of schema.enums."""

    kind: str
    agency_code: str
    agency_name: str
    decided_on: date | None
    decision_number: str | None
    decision_agency_code: str | None
    decision_agency_name: str | None
    starts_on: date | None
    due_end_on: date | None
    ended_on: date | None
    end_reason: str | None
    execution_place: str | None  # township code, nine digits
    ordered_on: date | None = None  # community recovery: the police order
    received_on: date | None = None  # isolation: admitted to the facility; community: the order reached the person
    reported_on: date | None = None
    phase: str | None = None
    extension_months: int = 0
    reduction_days: int = 0
    release_notice_on: date | None = None
    collected: bool | None = None
    collected_by: str | None = None
    custodian: str | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """One diagnostic assessment."""

    stage: str
    assessed_on: date
    detoxification: str
    recovery: str
    conduct: str
    social_adaptation: str
    advised: bool
    early_release: bool = False
    extension_months: int = 0


@dataclass(frozen=True, slots=True)
class Happening:
    """Something dated that one agency would have recorded: a test, visit, grant, treatment, job, course, event."""

    kind: str  # test | visit | agreement | grant | treatment | job | course | event
    on: date
    agency_code: str
    agency_name: str
    what: str  # a name of the enum that fits `kind`; for a course its title
    result: str | None = None  # of a test
    until: date | None = None  # of a test: when it was really taken; otherwise when it ended or ends
    text: str | None = None  # visit: outcome; job: employer; treatment: ICD-10 code, space, words; test: site


@dataclass(frozen=True, slots=True)
class Relative:
    """A family member."""

    name: str
    relation: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Life:
    """One synthetic person."""

    number: int  # position in the world: joins views, never shown
    name: str
    former_name: str | None
    alias: str | None
    id_number: str | None  # eighteen characters; None for somebody without papers
    second_id_number: str | None  # a second, real number of the same person
    passport: str | None
    sex: str
    birth_date: date
    ethnicity: str  # GB/T 3304 two digits
    education: str
    marital_status: str
    phones: tuple[str, ...]
    domicile: str  # GB/T 2260 county code
    domicile_address: str
    residence: str
    residence_address: str
    first_used_on: date
    substances: tuple[str, ...]
    use_method: str
    first_caught_on: date
    control_status: str
    control_entered_on: date | None  # None: never entered, one of the failures
    hiv_positive: bool
    sealed: bool
    died_on: date | None
    terms: tuple[Term, ...] = ()
    marks: tuple[Marks, ...] = ()
    happenings: tuple[Happening, ...] = ()
    family: tuple[Relative, ...] = ()
    provinces: tuple[str, ...] = field(default=("320000",))  # where any agency holds a record
