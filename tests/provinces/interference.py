"""A line between the gateway and one agency that can be disturbed: every way in which a real one fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

FAULTS = {
    "garbage": b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 9\r\n\r\n\x00\xff\xfe<<<>>>",
    "half": b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 90000\r\n\r\n<Envelope>",
    "page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 28\r\n\r\n<html>please log in</html>\r\n",
    "broken": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    "gibberish": b"SMTP ready\r\n",
    "dropped": b"",
}


class Interference:
    """A proxy on loopback that passes bytes until told otherwise."""

    def __init__(self) -> None:
        self.mode = "pass"
        self._target = ("127.0.0.1", 0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def before(self, url: str) -> str:
        """The address to use instead of `url`."""
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 80)
        listening = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}{parts.path}"

    @contextmanager
    def fault(self, mode: str) -> Iterator[None]:
        """Disturb the line for a while; the gateway's kept connections are cut so that it notices."""
        self.mode = mode
        try:
            yield
        finally:
            self.mode = "pass"

    def close(self) -> None:
        """Stop listening."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # One request for each connection: the answer's end is the connection's, so a fault meets the next request.
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                ),
                0,
            )
            body = await reader.readexactly(length)
            if self.mode == "pass":
                await self._pass(head, body, writer)
            elif self.mode == "silent":
                await reader.read()  # until the gateway gives up
            else:
                writer.write(FAULTS[self.mode])
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _pass(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"connection:")]
        there, out = await asyncio.open_connection(*self._target)
        out.write(b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body)
        await out.drain()
        while chunk := await there.read(65536):
            writer.write(chunk)
            await writer.drain()
        out.close()
        with suppress(OSError):
            await out.wait_closed()
