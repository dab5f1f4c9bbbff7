"""Answers read from bytes: the same whatever pieces they come in, and refused when they could be read in two ways."""

from __future__ import annotations

from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.drivers.transport import Limits
from adapters.drivers.transport.answer import Answer

LIMITS = Limits(head_bytes=2_000, headers=20, interim=3)
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def read(*pieces: bytes, to_head: bool = False, ends: bool = False) -> Answer:
    answer = Answer(LIMITS, to_head=to_head)
    for piece in pieces:
        answer.feed(piece)
    if ends:
        answer.end()
    return answer


def split(wire: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % len(wire) for cut in cuts} | {0, len(wire)})
    return [wire[start:end] for start, end in pairwise(places)]


cuts = st.lists(st.integers(0, 5_000), max_size=40)
chunks = st.lists(st.binary(min_size=1, max_size=300), max_size=12)
extensions = st.sampled_from([b"", b";a=b", b';n="v"'])
trailers = st.sampled_from([b"", b"x-sum: 1\r\n", b"a: 1\r\nb: 2\r\n"])


@given(chunks, cuts, extensions, trailers)
def test_chunks_are_the_same_however_they_arrive(
    body: list[bytes], where: list[int], extension: bytes, trailer: bytes
) -> None:
    wire = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in body)
    answer = read(*split(CHUNKED + wire + b"0\r\n" + trailer + b"\r\n", where))
    assert (answer.complete, answer.keep) == (True, True)
    assert b"".join(answer.pieces) == b"".join(body)
    assert answer.headers == [(b"transfer-encoding", b"chunked")]


@given(st.binary(max_size=2_000), cuts)
def test_a_body_of_known_length_is_the_same_however_it_arrives(body: bytes, where: list[int]) -> None:
    answer = read(*split(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body), where))
    assert (answer.complete, answer.keep, b"".join(answer.pieces)) == (True, True, body)


@given(st.binary(max_size=2_000), cuts)
def test_a_body_until_the_end_is_the_same_however_it_arrives(body: bytes, where: list[int]) -> None:
    answer = read(*split(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n" + body, where))
    assert not answer.complete
    answer.end()
    assert (answer.complete, answer.keep, b"".join(answer.pieces)) == (True, False, body)


@given(st.binary(min_size=1, max_size=50), cuts, st.booleans())
def test_whatever_follows_an_answer_ends_the_connection(more: bytes, where: list[int], in_chunks: bool) -> None:
    wire = CHUNKED + b"2\r\nok\r\n0\r\n\r\n" if in_chunks else b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    answer = Answer(LIMITS)
    pieces = split(wire + more, where)
    while pieces and not answer.complete:
        answer.feed(pieces.pop(0))
    assert answer.complete
    assert b"".join(answer.pieces) == b"ok"
    assert not answer.keep or pieces  # what is left is for the connection, which is idle then and closes


@given(st.binary(max_size=400), cuts)
def test_any_bytes_are_an_answer_or_a_protocol_error(wire: bytes, where: list[int]) -> None:
    for begin in (b"", b"HTTP/1.1 200 OK\r\n", CHUNKED):
        answer = Answer(LIMITS)
        try:
            for piece in split(begin + wire or b"x", where):
                if not answer.complete:
                    answer.feed(piece)
            answer.end()
        except httpx.RemoteProtocolError:
            continue
        assert answer.complete


@pytest.mark.parametrize(
    "head",
    [
        b"content-length: 3\r\ntransfer-encoding: chunked",
        b"transfer-encoding: chunked\r\ncontent-length: 3",
        b"content-length: 3\r\ncontent-length: 4",
        b"content-length: 3\r\nContent-Length: 3",
        b"content-length: 3, 3",
        b"content-length: +3",
        b"content-length: -3",
        b"content-length: 0x3",
        b"content-length: 3_0",
        b"content-length: 99999999999999999999999",
        b"content-length : 3",
        b"content-length\t: 3",
        b" content-length: 3",
        b"transfer-encoding: gzip, chunked",
        b"transfer-encoding: chunked, gzip",
        b"transfer-encoding: chunked, chunked",
        b"transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        b"transfer-encoding: xchunked",
        b"transfer-encoding: \x0bchunked",
        b"transfer-encoding: identity",
        b"transfer-encoding:",
        b"x: a\r\n b",
        b"x: a\0b",
        b"x: a\rcontent-length: 3",
        b"x: a\ncontent-length: 3",
        b"x",
        b": a",
    ],
)
def test_a_length_or_header_that_can_be_read_in_two_ways_is_refused(head: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        read(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\nabc")


@pytest.mark.parametrize(
    "wire",
    [
        b"hello\r\n\r\n",
        b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\nx: y\n\n\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\ncontent-length: 5\r\n\r\n",
        b"HTTP/1.1 103 Early\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 4,
    ],
)
def test_what_is_no_plain_answer_is_refused(wire: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        read(wire)


@pytest.mark.parametrize(
    "chunk", [b"zz\r\n", b"-1\r\nx", b"3\r\nabcd\r\n", b"3\nabc\r\n", b"+3\r\nabc\r\n", b"0x3\r\n"]
)
def test_a_broken_chunk_is_refused(chunk: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        read(CHUNKED + chunk)


@pytest.mark.parametrize(
    ("wire", "to_head"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", False),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 500\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", False),
    ],
)
def test_an_answer_without_a_body_ends_with_its_head(wire: bytes, to_head: bool) -> None:
    answer = read(wire, to_head=to_head)
    assert (answer.complete, answer.keep, answer.pieces) == (True, True, [])
    assert not read(wire + b"x", to_head=to_head).keep


@pytest.mark.parametrize("header", [b"content-length: 5", b"transfer-encoding: chunked"])
def test_a_204_that_announces_a_body_ends_the_connection(header: bytes) -> None:
    answer = read(b"HTTP/1.1 204 No Content\r\n" + header + b"\r\n\r\n")
    assert (answer.complete, answer.keep) == (True, False)


@pytest.mark.parametrize(
    ("version", "connection", "keep"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"connection: close\r\n", False),
        (b"1.1", b"Connection: x, CLOSE\r\n", False),
        (b"1.1", b"connection: keep-alive\r\nconnection: close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"connection: Keep-Alive\r\n", True),
    ],
)
def test_the_other_side_says_whether_the_connection_lives_on(version: bytes, connection: bytes, keep: bool) -> None:
    assert read(b"HTTP/%b 200 OK\r\n%bcontent-length: 0\r\n\r\n" % (version, connection)).keep == keep


def test_interim_answers_are_passed_over() -> None:
    answer = read(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n"
        b"HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n"
    )
    assert (answer.status, answer.reason, answer.headers) == (200, b"", [(b"content-length", b"0")])


def test_a_long_head_is_refused_before_it_is_whole() -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="longer than 2000"):
        read(b"HTTP/1.1 200 OK\r\nx: ", *(b"a" * 100 for _ in range(20)))


def test_a_head_with_many_headers_is_refused() -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="more than 20 headers"):
        read(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 21 + b"\r\n")


@pytest.mark.parametrize("endless", [b"x" * 500, b"a: b\r\n" * 100])
def test_endless_trailers_and_extensions_are_refused(endless: bytes) -> None:
    begin = CHUNKED + b"1\r\na\r\n" + (b"0\r\n" if b":" in endless else b"5;ext=")
    with pytest.raises(httpx.RemoteProtocolError, match="between chunks"):
        read(begin, *(endless for _ in range(10)))


@pytest.mark.parametrize(
    "wire",
    [b"", b"HTTP/1.1 200 OK\r\ncon", b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab", CHUNKED + b"1\r\na\r\n"],
)
def test_an_end_before_the_answer_is_whole_is_an_error(wire: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="closed connection" if wire else "disconnected"):
        read(*([wire] if wire else []), ends=True)


def test_no_message_quotes_what_was_received() -> None:
    for wire in (
        b"HTTP/1.1 200 OK\r\n329901199003074512 : x\r\n\r\n",
        b"329901199003074512",
        CHUNKED + b"329901x\r\n",
    ):
        with pytest.raises(httpx.RemoteProtocolError) as raised:
            read(wire)
        assert "329901" not in str(raised.value)


NAMES = st.sampled_from(
    [
        b"content-type",
        b"Content-Length",
        b"Date",
        b"connection",
        b"transfer-encoding",
        b"upgrade",
        b"x y",
        b"x_y",
        b"x-z",
        b"",
    ]
)
VALUES = st.sampled_from(
    [
        b"2",
        b"02",
        b"+2",
        b"2, 2",
        b"0",
        b"keep-alive",
        b"close",
        b"Close",
        b"upgrade",
        b"close, x",
        b"chunked",
        b"a  b ",
        b"\t",
        b"",
        b"\xe4",
    ]
)
FIELDS = st.builds(
    lambda name, between, value: name + between + value, NAMES, st.sampled_from([b": ", b":", b":  "]), VALUES
)
FIRSTS = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK", b"HTTP/1.1 200 ", b"HTTP/1.1 200", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 None"),
        *(b"HTTP/1.1 304 Same", b"HTTP/1.1 503 Not  now", b"HTTP/1.1 700 Odd", b"HTTP/1.1 20 OK"),
        *(b"HTTP/1.1 2000 OK", b"HTTP/1.1  200 OK"),
    ]
)


@given(FIRSTS, st.lists(FIELDS, max_size=5), st.sampled_from([b"\r\n", b"\n"]), st.sampled_from([b"", b"{}", b"{}x"]))
def test_heads_of_the_usual_form_are_read_as_llhttp_reads_them(
    first: bytes, fields: list[bytes], end: bytes, body: bytes
) -> None:
    wire = end.join([first, *fields, b"", b""]) + body

    def found() -> tuple[object, ...]:
        try:
            one = read(wire)
        except httpx.RemoteProtocolError:
            return ("no plain answer",)
        if not one.status:
            return ("not all of a head",)
        return one.status, one.reason, one.version, one.headers, one.complete, one.keep, b"".join(one.pieces)

    quickly = found()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Answer, "_read_usual", lambda *_: False)
        assert quickly == found()


def test_usual_heads_need_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httptools.HttpResponseParser", None)
    answer = read(
        b"HTTP/1.1 200 OK\r\ndate: Sun, 1 Nov 2026\r\nConnection: keep-alive\r\ncontent-length: 2\r\n\r\n{}"
    )
    assert (answer.status, answer.complete, answer.keep, answer.pieces) == (200, True, True, [b"{}"])
