"""One process that is every upstream of every contender: JSON APIs and GraphQL subgraphs over the same rows.

An answer is made once and then kept as bytes, so that a request costs little more than its HTTP: the upstream must
not be what is measured. `/count` says how many calls there were.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import httptools
import orjson

from bench import people
from bench.graph import Subgraphs
from bench.loop import run
from bench.people import Agencies, Row

KEPT = 50_000
PAGE = 1_000
_PARTS: Mapping[str, tuple[str, ...]] = {
    "custody": ("measures", "assessments", "agreements"),
    "support": ("grants", "employments"),
}


class Answers:
    """What each address answers."""

    def __init__(self, agencies: Agencies) -> None:
        self.count = 0
        self._agencies = agencies
        self._subgraphs = Subgraphs(agencies)
        self._kept: dict[tuple[bytes, bytes], bytes] = {}
        self._rows: Mapping[str, Callable[[int, str], Row]] = {
            "register": people.register,
            "custody": people.custody,
            "support": people.support,
        }

    def respond(self, url: bytes, body: bytes) -> bytes:
        """The whole HTTP response."""
        if url == b"/count":
            return _written(orjson.dumps({"calls": self.count}))
        self.count += 1
        found = self._kept.get((url, body))
        if found is None:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            found = self._kept[url, body] = self._made(url.decode(), body)
        return found

    def _made(self, url: str, body: bytes) -> bytes:
        path, _, query = url.partition("?")
        _, first, *rest = path.split("/")
        try:
            if first == "graphql":
                return _written(orjson.dumps(self._subgraphs.answer(rest[0], orjson.loads(body))))
            given = {name: values[0] for name, values in parse_qs(query).items()}
            return _written(orjson.dumps(self._json(first, rest[0] if rest else "", given)))
        except (KeyError, IndexError, ValueError):
            return _written(b'{"error":"no such address"}', b"404 Not Found")

    def _json(self, agency: str, part: str, given: Mapping[str, str]) -> object:
        row = self._rows[agency]
        if part == "keys":
            return self._page(row, int(given.get("after", "0")))
        if "under" in given:
            numbers = self._agencies.under(given["under"])
        else:
            numbers = self._agencies.numbers(given["ids"].split(","))
        found: list[Any] = [row(number, self._agencies.token(number)) for number in numbers]
        if part == "files":
            return found
        if part not in _PARTS[agency]:
            raise KeyError(part)
        return [one for file in found for one in file[part]]

    def _page(self, row: Callable[[int, str], Row], start: int) -> Row:
        end = min(start + PAGE, self._agencies.count)
        rows = [row(number, "") for number in range(start, end)]
        listed = [{"no": one["no"], "idNumber": one["idNumber"]} for one in rows]
        return {"rows": listed, "next": str(end) if end < self._agencies.count else None}


def _written(content: bytes, status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(content))
    return head + content


class Connection(asyncio.Protocol):
    """One kept-alive connection, on httptools."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """asyncio's."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        """httptools'."""
        self._url = self._body = b""

    def on_url(self, url: bytes) -> None:
        """httptools'."""
        self._url += url

    def on_body(self, body: bytes) -> None:
        """httptools'."""
        self._body += body

    def on_message_complete(self) -> None:
        """httptools'."""
        self._transport.write(self._answers.respond(self._url, self._body))


async def serve(port: int, count: int) -> None:
    """Until the process is ended."""
    answers = Answers(Agencies(count))
    server = await asyncio.get_running_loop().create_server(lambda: Connection(answers), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--people", type=int, default=people.THOUSAND)
    chosen = parser.parse_args()
    run(serve(chosen.port, chosen.people))
