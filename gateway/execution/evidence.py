"""Evidence: what of a person's merged records may influence who may see them. Codes and booleans, never names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from gateway.authorization.decision import Evidence
from gateway.execution.ties import awaited_by, bound_to, is_closed
from schema.derived import all_rows, is_running, place_of
from schema.file import PersonFile, Row

_NONE: Collection[str] = ()


def _codes(rows: Iterable[Row], name: str) -> Collection[str]:
    return [str(code) for row in rows if (code := row.values.get(name))]


def _text(values: Mapping[str, object], name: str) -> str | None:
    value = values.get(name)
    return str(value) if value else None


def evidence(person: PersonFile, agencies: frozenset[str], today: date) -> Evidence:
    """`person` is unmasked; `agencies` are the organisation codes of the sources that know this person."""
    values = person.values
    measures = all_rows(person, "Measure")
    decisions = all_rows(person, "Decision")
    agreements = all_rows(person, "Agreement")
    running = [row for row in measures if is_running(row, today)]
    born = values.get("birthDate")
    police = values.get("responsiblePoliceCodes")
    return Evidence(
        person=person.id,
        source_agencies=agencies,
        measure_agencies=_codes(measures, "agencyCode"),
        active_agencies=_codes(running, "agencyCode"),
        decision_agencies=_codes(decisions, "agencyCode") if decisions else _NONE,
        police_codes=police if isinstance(police, tuple) else _NONE,
        execution_place=place_of(measures, running, person),
        residence=_text(values, "residenceCode"),
        domicile=_text(values, "domicileCode"),
        birth_year=born.year if isinstance(born, date) else None,
        under_18=isinstance(born, date) and _age(born, today) < 18,
        sealed=any([row.values.get("sealed") is True for row in person.records or ()]),  # noqa: C419  # 1 or 2: quicker
        control_lifted=values.get("controlStatus") == "LIFTED",
        agreement_agencies=bound_to(agreements, today) if agreements else _NONE,
        awaiting_agencies=awaited_by(measures, today) if len(running) < len(measures) else _NONE,
        decision_numbers=_codes(decisions, "number") if decisions else _NONE,
        file_closed=not running and is_closed(measures, today),
    )


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
