"""Evidence: what of a person's merged records may influence who may see them. Codes and booleans, never names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from gateway.authorization.decision import Evidence
from gateway.execution.ties import is_awaited, is_bound, is_closed
from schema.derived import all_rows, is_running, place_of
from schema.file import PersonFile, Row

_NONE: Collection[str] = ()


def _text(values: Mapping[str, object], name: str) -> str | None:
    value = values.get(name)
    return str(value) if value else None


def evidence(person: PersonFile, sources: Collection[str], agency: str, today: date) -> Evidence:
    """`person` is unmasked; `sources` are the organisation codes of the sources that know this person.

    Of all agencies only the one that asks can be tied to the person, so what others hold is not looked into.
    """
    values = person.values
    measures = all_rows(person, "Measure")
    decisions = all_rows(person, "Decision")
    agreements = all_rows(person, "Agreement")
    own = [row for row in measures if row.values.get("agencyCode") == agency]
    born = values.get("birthDate")
    police = values.get("responsiblePoliceCodes")
    mine = (agency,)
    return Evidence(
        person=person.id,
        source_agencies=sources,
        measure_agencies=mine if own else _NONE,
        active_agencies=mine if own and any(is_running(row, today) for row in own) else _NONE,
        decision_agencies=mine if decisions and _any_of(decisions, agency) else _NONE,
        police_codes=police if isinstance(police, tuple) else _NONE,
        execution_place=place_of(measures, person, today),
        residence=_text(values, "residenceCode"),
        domicile=_text(values, "domicileCode"),
        birth_year=born.year if isinstance(born, date) else None,
        under_18=isinstance(born, date) and _age(born, today) < 18,
        sealed=any(row.values.get("sealed") is True for row in person.records or ()),
        control_lifted=values.get("controlStatus") == "LIFTED",
        agreement_agencies=mine if agreements and is_bound(agreements, agency, today) else _NONE,
        awaiting_agencies=mine if own and any(is_awaited(row, today) for row in own) else _NONE,
        decision_numbers=[str(number) for row in decisions if (number := row.values.get("number"))],
        file_closed=is_closed(measures, today),
    )


def _any_of(rows: Iterable[Row], agency: str) -> bool:
    return any(row.values.get("agencyCode") == agency for row in rows)


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
