from __future__ import annotations

from dataclasses import fields
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.record import AccessedField, AccessRecord, SourceOutcome
from gateway.audit.stored import decode, encode, entry_id, index_in, leaf_hash
from tests.gateway.audit.accesses import ACCESS

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
texts = st.lists(text, max_size=3).map(tuple)
moments = st.datetimes(timezones=st.just(UTC))
milliseconds = st.floats(0, 1e6)

any_access = st.builds(
    AccessRecord,
    **{field.name: text for field in fields(AccessRecord)}
    | {
        "at": moments,
        "case_number": st.none() | text,
        "milliseconds": milliseconds,
        **dict.fromkeys(("roles", "via", "persons"), texts),
        "fields": st.lists(st.builds(AccessedField, text, text, text, texts), max_size=3).map(tuple),
        "sources": st.lists(st.builds(SourceOutcome, text, text, milliseconds), max_size=3).map(tuple),
    },
)


@given(any_access)
def test_every_record_is_read_back_as_it_was(record: AccessRecord) -> None:
    assert decode(encode(record)) == record
    assert encode(decode(encode(record))) == encode(record)


@given(st.integers(0, 2**63 - 1), st.binary())
def test_an_id_points_to_its_entry(index: int, content: bytes) -> None:
    assert index_in(entry_id(index, leaf_hash(content))) == index


@given(st.text())
def test_no_text_breaks_the_reading_of_an_id(identifier: str) -> None:
    index = index_in(identifier)
    assert index is None or 0 <= index < 2**63


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"1", b'{"format":2}', b'{"format":1}', encode(ACCESS)[:-2]])
def test_other_bytes_are_no_record(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(content)
