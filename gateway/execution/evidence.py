"""Evidence: what of people's merged records may influence who may see them. Codes and booleans, never names.

It is gathered piece by piece over all the people of a list, and what nobody among them has is looked for once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from itertools import chain

from gateway.authorization.decision import Evidence
from gateway.execution.ties import is_awaited, is_bound, is_closed
from schema.derived import is_running, place_of, rows_of_all
from schema.file import PersonFile, Row, Values

_ADULT = 18  # years (未成年人保护法 2)
_NONE: Collection[str] = ()
_RowLists = Sequence[Sequence[Row]]


def evidence(person: PersonFile, sources: Collection[str], agency: str, today: date) -> Evidence:
    """`evidence_of_all` of one person."""
    return evidence_of_all((person,), (sources,), agency, today)[0]


def evidence_of_all(
    people: Sequence[PersonFile], sources: Sequence[Collection[str]], agency: str, today: date
) -> list[Evidence]:
    """`people` are unmasked; `sources` are the organisation codes of the sources that know each of them.

    Of all agencies only the one that asks can be tied to a person, so what others hold is not looked into.
    """
    values = [person.values for person in people]
    births = [each.get("birthDate") for each in values]
    measures = rows_of_all(people, "Measure")
    decisions = rows_of_all(people, "Decision")
    agreements = rows_of_all(people, "Agreement")
    own = _of_agency(measures, agency)
    mine = (agency,)
    return list(
        map(
            Evidence,
            [person.id for person in people],
            sources,
            [mine if rows else _NONE for rows in own],
            [mine if rows and any(is_running(row, today) for row in rows) else _NONE for rows in own],
            [mine if rows else _NONE for rows in _of_agency(decisions, agency)],
            [_several(each, "responsiblePoliceCodes") for each in values],
            _places(measures, people, today),
            _texts(values, "residenceCode"),
            _texts(values, "domicileCode"),
            [born.year if isinstance(born, date) else None for born in births],
            _minors(births, today),
            _sealed(people),
            [each.get("controlStatus") == "LIFTED" for each in values],
            [mine if rows and is_bound(rows, agency, today) else _NONE for rows in agreements],
            [mine if rows and any(is_awaited(row, today) for row in rows) else _NONE for rows in own],
            [_numbers(rows) if rows else _NONE for rows in decisions],
            [is_closed(rows, today) for rows in measures],
        )
    )


def _of_agency(lists: _RowLists, agency: str) -> _RowLists:
    """Of each person's rows those of one agency."""
    if agency not in {row.values.get("agencyCode") for rows in lists for row in rows}:
        return [()] * len(lists)
    return [[row for row in rows if row.values.get("agencyCode") == agency] for rows in lists]


def _places(measures: _RowLists, people: Sequence[PersonFile], today: date) -> Iterable[str | None]:
    if any([row.values.get("executionPlaceCode") for rows in measures for row in rows]):  # noqa: C419 - sooner done
        return [place_of(rows, person, today) for rows, person in zip(measures, people, strict=True)]
    return _texts([person.values for person in people], "executionPlaceCode")


def _minors(births: Iterable[object], today: date) -> Iterable[bool]:
    latest = _years_before(today, _ADULT)  # the last day on which somebody was born who is of age
    return [isinstance(born, date) and born > latest for born in births]


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # on 29 February nobody was born in that year
        return day.replace(year=day.year - years, day=28)


def _sealed(people: Sequence[PersonFile]) -> Iterable[bool]:
    records = [person.records or () for person in people]
    if any([row.values.get("sealed") for row in chain.from_iterable(records)]):  # noqa: C419 - sooner done
        return [any(row.values.get("sealed") is True for row in rows) for rows in records]
    return [False] * len(people)


def _several(values: Values, name: str) -> Collection[str]:
    found = values.get(name)
    return found if isinstance(found, tuple) else _NONE


def _texts(values: Iterable[Values], name: str) -> Iterable[str | None]:
    return [str(value) if (value := each.get(name)) else None for each in values]


def _numbers(decisions: Iterable[Row]) -> list[str]:
    return [str(number) for row in decisions if (number := row.values.get("number"))]
