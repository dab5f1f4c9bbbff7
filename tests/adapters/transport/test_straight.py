"""Requests written without httpx's client are those that the client would have written."""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest

from adapters.contract import Invalid
from adapters.drivers.http import HttpClient, Request
from adapters.drivers.transport import OwnTransport, Straight
from adapters.drivers.transport.request import Outgoing
from adapters.manifest import ManifestError

BASES = [
    "http://127.0.0.1:8080/",
    "http://host/api/v1/",
    "https://Host:443/a%20b/",
    "http://[::1]:9/",
    "http://例.test/路/",
]
TARGETS = [
    "",
    "?",
    "?a=1",
    "files?ids=C1%2CC2",
    "files?",
    "/rooted",
    "//evil.example/x",
    "http://evil.example/x",
    "@evil.example",
    "a//b",
    "a/../b",
    "./a",
    "../../a",
    "a/./b?c=/../d",
    "a?b?c",
    "%e4%b8%ad",
    "%E4%B8%AD",
    "%zz",
    "100%",
    "中文?名=李",
    "a b|c",
    "a#fragment",
    "a;b=c,d:e@f!$&'()*+",
    "a" * 20_000,
    *(f"p{one}q?r{one}s" for one in string.punctuation),
]
HEADERS: list[Mapping[str, str]] = [
    {},
    {"x-one": "1", "X-Two": "中"},
    {"USER-AGENT": "other", "Accept": "text/xml"},
    {"Host": "other.test"},
    {"content-type": "application/json"},
]


def straight(base: str) -> tuple[Straight, httpx.AsyncClient]:
    transport = OwnTransport()
    client = httpx.AsyncClient(transport=transport, headers={"accept-encoding": "identity", "x-key": "k"})
    return Straight(transport, client.build_request("GET", base)), client


def by_client(
    client: httpx.AsyncClient, method: str, address: str, headers: Mapping[str, str], content: bytes | None
) -> Outgoing:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Outgoing.of(client.build_request(method, address, headers=raw, content=content))


def parts(outgoing: Outgoing) -> tuple[object, ...]:
    first, *fields = outgoing.head.split(b"\r\n")
    named = sorted((name.lower(), value) for name, _, value in (field.partition(b": ") for field in fields))
    return first, named, outgoing.body, outgoing.length, outgoing.repeatable, outgoing.last, outgoing.to_head


@pytest.mark.parametrize("base", BASES)
async def test_every_target_goes_where_the_client_would_send_it(base: str) -> None:
    writer, client = straight(base)
    for target in TARGETS:
        address = base[:-1] + target if target[:1] in ("", "?") else base + target.lstrip("/")
        assert parts(writer.written("GET", target, {}, None)) == parts(by_client(client, "GET", address, {}, None))
    await client.aclose()


@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("content", [None, b"", b"{}"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_headers_and_body_are_those_of_the_client(
    method: str, content: bytes | None, headers: Mapping[str, str]
) -> None:
    writer, client = straight(BASES[1])
    expected = by_client(client, method, BASES[1] + "x", headers, content)
    assert parts(writer.written(method, "x", headers, content)) == parts(expected)
    await client.aclose()


@pytest.mark.parametrize(
    "headers",
    [{"x": "a\r\ny: b"}, {"x y": "1"}, {"x": "\x00"}, {"content-length": "7"}, {"transfer-encoding": "gzip"}],
)
async def test_what_is_not_one_request_is_refused_without_a_quote(headers: Mapping[str, str]) -> None:
    writer, client = straight(BASES[0])
    with pytest.raises(httpx.LocalProtocolError) as raised:
        writer.written("POST", "x", headers, b"{}")
    assert not any(value in str(raised.value) for value in headers.values() if len(value) > 1)
    await client.aclose()


@pytest.mark.parametrize("target", ["a\nb", "a\x7fb", "a" * 70_000])
async def test_what_does_not_fit_into_an_address_is_invalid(target: str) -> None:
    limits = {"timeout": timedelta(seconds=5), "concurrency": 1, "max_bytes": 10}
    asking = HttpClient("http://127.0.0.1:9/", source="js-test", **limits)  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="js-test: the request does not fit into an address"):
        await asking.send(Request(target))
    await asking.aclose()


def test_an_impossible_host_stops_the_start() -> None:
    limits = {"timeout": timedelta(seconds=5), "concurrency": 1, "max_bytes": 10}
    with pytest.raises(ManifestError, match="js-test: source"):
        HttpClient("http://127.0.0.1:port/", source="js-test", **limits)  # type: ignore[arg-type]
