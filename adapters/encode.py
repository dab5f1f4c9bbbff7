"""A canonical filter value in the raw forms in which the agency may hold it: the way back of decode.py."""

from __future__ import annotations

from datetime import date, datetime, time

from adapters.forms import people
from adapters.forms.dates import CHINA
from adapters.manifest import FieldMap
from schema.entities import Kind

_TRUE = ("1", "true", "Y", "是")
_FALSE = ("0", "false", "N", "否")


def encode_value(spec: FieldMap, kind: Kind, value: object) -> tuple[str, ...]:
    """Every plausible raw form, the likeliest first; empty where the agency has no code for the value.

    A date takes the first of the manifest's formats, without one ISO 8601, then YYYYMMDD. An id number is given
    with X, with x, in full width and, where it is the upgrade of one, in fifteen digits. A mapped value gives all
    its codes.
    """
    if spec.values:
        return tuple(code for code, meant in spec.values.items() if meant == value and type(meant) is type(value))
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    if isinstance(value, date):
        return _dates(spec, value)
    text = str(value)
    if kind is Kind.ID_NUMBER:
        return people.id_number_forms(text)
    if kind is Kind.TEXT:
        return people.dotted_forms(text)
    return (text,)


def _dates(spec: FieldMap, value: date) -> tuple[str, ...]:
    moment = value if isinstance(value, datetime) else datetime.combine(value, time(), CHINA)
    form = spec.formats[0] if spec.formats else ""
    if form in {"epoch_ms", "epoch_s"}:
        return (str(int(moment.timestamp()) * (1000 if form == "epoch_ms" else 1)),)
    if form:
        return (moment.strftime(form),)
    iso = moment.isoformat() if isinstance(value, datetime) else value.isoformat()
    return (iso, moment.strftime("%Y%m%d"))
