"""CPU per call of the transports under the same httpx.AsyncClient, in one run: `python -m bench.transport`."""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import ssl
import time
from collections.abc import Sequence
from importlib.util import find_spec
from multiprocessing.connection import Connection as Pipe
from typing import Final, cast, get_args

import httpx

from adapters.drivers.transport import TransportName, open_transport

SIZES: Final = (200, 20_000)  # bytes of body: one record, one list
PLACES: Final = 8  # connections, and calls at once
ROUNDS: Final = 3  # of each transport in turn; the best counts, as other work only ever adds


class Server(asyncio.Protocol):
    """Answers each request, which must come in one piece, with as many bytes as its path says."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self.wire = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        size = int(data.split(b" ", 2)[1][1:])
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % size
        self.wire.write(head + b"x" * size)


def serve(pipe: Pipe) -> None:
    """Tell the port and serve until the process is ended."""

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


async def measure(name: TransportName, url: str, calls: int) -> float:
    """Milliseconds of this process's CPU per call."""
    transport = open_transport(name, ssl.create_default_context(), PLACES)
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=None) as client:  # noqa: S113

        async def ask(times: int) -> None:
            for _ in range(times):
                async with client.stream("GET", url) as response:
                    async for _ in response.aiter_raw():
                        pass

        await asyncio.gather(*(ask(20) for _ in range(PLACES)))
        gc.collect()
        before = time.process_time()
        await asyncio.gather(*(ask(calls // PLACES) for _ in range(PLACES)))
        return (time.process_time() - before) / (calls // PLACES * PLACES) * 1_000


def table(names: Sequence[TransportName], port: int, calls: int) -> str:
    """One line for each size and transport."""
    lines = ["| body | transport | CPU ms per call | of httpx's |", "|---|---|---|---|"]
    for size in SIZES:
        best = dict.fromkeys(names, float("inf"))
        for _ in range(ROUNDS):
            for name in names:
                spent = asyncio.run(measure(name, f"http://127.0.0.1:{port}/{size}", calls))
                best[name] = min(best[name], spent)
        lines += [f"| {size} B | {name} | {best[name]:.3f} | {best[name] / best['httpx']:.2f} |" for name in names]
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=4_000, help="in each round")
    calls = parser.parse_args().calls
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        names = [name for name in get_args(TransportName) if name != "aiohttp" or find_spec("httpx_aiohttp")]
        print(table(names, ours.recv(), calls))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
