from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.context import Context, Shared, read_shared
from gateway.audit.record import AccessedField, AccessRecord, SourceOutcome
from gateway.audit.shown import FieldList, Shown, ShownFields
from gateway.audit.stored import Encoded, decode, encode, entry_id, index_in, leaf_hash
from tests.gateway.audit.accesses import ACCESS

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
texts = st.lists(text, max_size=3).map(tuple)
moments = st.datetimes(timezones=st.just(UTC))
milliseconds = st.floats(0, 1e6)

accessed = st.builds(AccessedField, text, text, text, texts)

any_access = st.builds(
    AccessRecord,
    **{field.name: text for field in fields(AccessRecord)}
    | {
        "at": moments,
        "case_number": st.none() | text.filter(bool),
        "milliseconds": milliseconds,
        **dict.fromkeys(("response", "trace_id"), st.none() | text.filter(bool)),
        **dict.fromkeys(("roles", "via", "persons"), texts),
        "fields": st.lists(st.builds(AccessedField, text, text, text, texts), max_size=3).map(tuple),
        "sources": st.lists(st.builds(SourceOutcome, text, text, milliseconds), max_size=3).map(tuple),
    },
)


def by_digest(encoded: Encoded) -> dict[str, Shared]:
    return {named.digest: named for named in encoded.shared}


@given(any_access)
def test_every_record_is_read_back_as_it_was(record: AccessRecord) -> None:
    encoded = encode(record)
    assert decode(encoded.content, by_digest(encoded)) == record
    assert encode(decode(encoded.content, by_digest(encoded))) == encoded


@given(st.lists(st.lists(accessed, max_size=3, unique=True), max_size=3), st.data())
def test_lists_are_read_back_with_the_persons_they_applied_to(
    lists: list[list[AccessedField]], data: st.DataObject
) -> None:
    persons = ("p-1", "p-2", "p-3")
    some = st.none() | st.lists(st.sampled_from(persons), unique=True).map(tuple)
    fields = ShownFields([Shown(FieldList.of(one), data.draw(some)) for one in lists])
    encoded = encode(replace(ACCESS, persons=persons, fields=fields))
    read = decode(encoded.content, by_digest(encoded))
    assert list(read.fields) == list(fields)
    assert [read_shared(one.content) for one in encoded.shared[1:]] == [group.list for group in fields.groups]
    for person in persons if isinstance(read.fields, ShownFields) else ():
        assert read.fields.of_person(person) == fields.of_person(person)


def test_a_list_is_spelled_out_once_however_often_it_applies() -> None:
    many = tuple(AccessedField(f"person.field{number}", "IDENTITY", "ALLOW", ("C01",)) for number in range(200))
    assert len(encode(replace(ACCESS, fields=many)).content) == len(encode(ACCESS).content) < 800


def test_an_access_without_its_lists_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="lists"):
        decode(encode(ACCESS).content)


def test_a_list_applies_to_persons_of_its_access() -> None:
    fields = ShownFields([Shown(FieldList.of(ACCESS.fields), ("p-9",))])
    with pytest.raises(ValueError, match="persons"):
        encode(replace(ACCESS, fields=fields))


def test_what_accesses_share_is_spelled_out_once() -> None:
    first, second = encode(ACCESS), encode(replace(ACCESS, request_id="request-2", persons=("p-2",)))
    assert first.shared == second.shared
    assert len(first.content) < 400
    assert ACCESS.subject.encode() not in first.content


def test_a_context_is_no_list_and_a_list_no_context() -> None:
    content = orjson.loads(encode(ACCESS).content)
    shared = by_digest(encode(ACCESS))
    listed = content["fields"][0][0]
    for changed in ({"context": listed}, {"fields": [[content["context"], None]]}):
        with pytest.raises(ValueError, match="lists"):
            decode(orjson.dumps({**content, **changed}), shared)
    with pytest.raises(ValueError, match="context"):
        Context.read(b'{"agency":"a"}')


@given(st.integers(0, 2**63 - 1), st.binary())
def test_an_id_points_to_its_entry(index: int, content: bytes) -> None:
    assert index_in(entry_id(index, leaf_hash(content))) == index


@given(st.text())
def test_no_text_breaks_the_reading_of_an_id(identifier: str) -> None:
    index = index_in(identifier)
    assert index is None or 0 <= index < 2**63


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"1", b'{"format":3}', b'{"format":2}', encode(ACCESS).content[:-2]]
)
def test_other_bytes_are_no_record(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(content)
