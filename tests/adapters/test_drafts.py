"""What is made quickly is what the contract's own constructors make."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict, replace
from datetime import UTC, datetime

import pytest

from adapters.contract import Flag, Provenance, Record
from adapters.drafts import made_provenance, made_record
from schema.enums import Quality

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ORIGIN = Provenance("js-x", "T", "A", NOW, NOW, None, "320000")
RECORD = Record("A", "P", {"name": "张三"}, ORIGIN, (Flag("name", Quality.NORMALISED),))


def test_a_made_provenance_is_a_provenance_and_as_frozen() -> None:
    made = made_provenance("js-x", "T", "A", NOW, NOW, "320000")
    assert (type(made), made, hash(made), repr(made)) == (Provenance, ORIGIN, hash(ORIGIN), repr(ORIGIN))
    assert replace(made, peer="p") == replace(ORIGIN, peer="p")
    with pytest.raises(FrozenInstanceError):
        made.source = "other"
    with pytest.raises((AttributeError, TypeError)):
        made.further = "other"


def test_a_made_record_is_a_record_and_as_frozen() -> None:
    made = made_record("A", "P", {"name": "张三"}, ORIGIN, (Flag("name", Quality.NORMALISED),))
    assert (type(made), made, asdict(made)) == (Record, RECORD, asdict(RECORD))
    assert replace(made, key="B") == replace(RECORD, key="B")
    with pytest.raises(FrozenInstanceError):
        made.key = "other"
