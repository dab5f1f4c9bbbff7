"""The comparison: one core for whichever contender is asked, the same upstream, the same answers, turn by turn.

All contenders are up all the time, and each measurement is taken in rounds: one contender is pressed after the other,
and then all of them again. A machine that is slower in one minute than in the next is so for all of them, and each
ratio is one of two figures that were measured within the same round.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import people, queries
from bench.contenders.house import settings_for, token_for
from bench.load import WRK, Figures, Task, press
from bench.people import Agencies
from bench.processes import (
    GATEWAY_CORE,
    OTHER_CORE,
    DidNotStart,
    Running,
    free_port,
    machine_busy_seconds,
    start,
)
from bench.rivals import OURS, ROOT, Contender, NpmPeers, Skipped, python_contenders

QUESTIONS: Final = ("ONE", "LIST")


@dataclass(frozen=True, slots=True)
class Rig:
    """How long and how hard to press."""

    directory: Path
    seconds: float = 2.0  # of each turn
    rounds: int = 5
    warm: float = 3.0
    concurrencies: Sequence[int] = (1, 16, 64)
    asked: int = 200  # distinct people of ONE
    only: Sequence[str] = ()
    npm: bool = True
    other: str | None = None  # an interpreter to run ours on as well
    wrk: str | None = WRK
    say: Callable[[str], None] = print


@dataclass(frozen=True, slots=True)
class Measured:
    """One contender, one question, one concurrency, one round."""

    question: str
    concurrency: int
    rate: float
    p50: float
    p99: float
    cpu_ms: float  # of the contender, per request
    resident_mb: float
    calls: float  # upstream, per request under this load
    bad: int
    other_core: float  # how much of it upstream and load took, 0 to 1
    strangers: float  # cores that all else took meanwhile, contenders that wait for their turn among it

    def line(self) -> str:
        """For whoever watches the run."""
        return (
            f"{self.rate:9.1f}/s  p50 {self.p50:8.2f} ms  p99 {self.p99:8.2f} ms  cpu {self.cpu_ms:7.3f} ms"
            f"  rss {self.resident_mb:5.0f} MB  calls {self.calls:.2f}  other core {self.other_core:.0%}"
            f"  strangers {self.strangers:.2f}  bad {self.bad}"
        )


@dataclass(slots=True)
class Result:
    """One contender's figures."""

    contender: str
    title: str
    calls: dict[str, float] = field(default_factory=dict)  # upstream, per lone request
    same: str = "no"  # "bytes" | "but for the order of keys" | "no"
    measured: list[Measured] = field(default_factory=list)  # rounds in their order

    def rounds(self, question: str, concurrency: int) -> list[Measured]:
        """The rounds of one question at one concurrency."""
        return [one for one in self.measured if (one.question, one.concurrency) == (question, concurrency)]


@dataclass(slots=True)
class Comparison:
    """All of them, and who was left out for what reason."""

    results: list[Result] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


class Unequal(Exception):
    """A contender that answers something else than ours."""


class Comparing:
    """One run over all contenders."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        agencies = Agencies()
        self._bodies = {
            "ONE": [queries.one(agencies.token(number)).decode() for number in range(rig.asked)],
            "LIST": [queries.listed(city).decode() for city in people.CITIES],
        }
        self._expected: dict[str, list[str]] = {}
        self._headers: dict[str, dict[str, str]] = {}  # by contender
        self._upstream: Running | None = None

    def run(self) -> Comparison:
        """Everything, in one go."""
        found = Comparison()
        with self._upstream_running() as address, ExitStack() as up:
            running = {}
            for contender in self._contenders(address, found):
                try:
                    with ExitStack() as own:
                        one = own.enter_context(self._running(contender, address))
                        result = self._checked(contender, one)
                        up.push(own.pop_all())  # stays up for its turns
                except (Unequal, DidNotStart) as err:
                    found.skipped[contender.name] = str(err)
                    self._rig.say(f"{contender.name}: left out: {err}")
                    if contender.name == OURS:
                        raise
                else:
                    found.results.append(result)
                    running[contender.name] = one
            for question in QUESTIONS:
                self._measure(found.results, running, question)
        return found

    @contextmanager
    def _upstream_running(self) -> Iterator[str]:
        port = free_port()
        command = [sys.executable, "-m", "bench.upstream", str(port)]
        running = start("upstream", command, port, self._rig.directory, core=OTHER_CORE, cwd=ROOT)
        try:
            running.wait_until_listening()
            self._upstream = running
            yield f"http://127.0.0.1:{port}"
        finally:
            running.end()

    def _contenders(self, address: str, found: Comparison) -> list[Contender]:
        chosen = python_contenders(self._rig.directory, self._rig.other)
        if self._rig.npm:
            peers = NpmPeers()
            try:
                peers.prepare(address)
                chosen += peers.contenders()
            except Skipped as err:
                found.skipped["npm peers"] = str(err)
                self._rig.say(f"npm peers: left out: {err}")
        else:
            found.skipped["npm peers"] = "not asked for"
        wanted = {OURS, *self._rig.only}
        return [one for one in chosen if not self._rig.only or one.name in wanted]

    @contextmanager
    def _running(self, contender: Contender, address: str) -> Iterator[Running]:
        port = free_port()
        state = self._rig.directory / contender.name
        self._headers[contender.name] = {
            "content-type": "application/json",
            "accept": "application/json",
            "authorization": f"Bearer {token_for(settings_for(state))}",
        }
        running = start(
            contender.name,
            contender.command(port),
            port,
            self._rig.directory,
            core=GATEWAY_CORE,
            environment={"BENCH_UPSTREAM": address, **contender.environment(port)},
            cwd=contender.cwd,
        )
        try:
            running.wait_until_listening()
            yield running
        finally:
            running.end()

    # ---- equal answers --------------------------------------------------------------------------------------------

    def _checked(self, contender: Contender, running: Running) -> Result:
        """The same data for all people of ONE and for LIST, and how many calls it took upstream; raises Unequal."""
        result, exact = Result(contender.name, contender.title), True
        for question in QUESTIONS:
            began = self._calls()
            answers = [
                _data(_post(running.port, self._headers[contender.name], body)) for body in self._bodies[question]
            ]
            result.calls[question] = (self._calls() - began) / len(answers)
            expected = self._expected.setdefault(question, answers)
            if [json.loads(one) for one in answers] != [json.loads(one) for one in expected]:
                raise Unequal(f"its answer to {question} differs: {_first_difference(answers, expected)}")
            exact = exact and answers == expected
        result.same = "bytes" if exact else "but for the order of keys"
        calls = ", ".join(f"{question} {count:.2f}" for question, count in result.calls.items())
        self._rig.say(f"{result.contender}: equal ({result.same}); upstream calls per request: {calls}")
        return result

    def _calls(self) -> int:
        upstream = self._upstream
        assert upstream is not None  # noqa: S101 - only called while it runs
        connection = http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=30)
        connection.request("GET", "/count")
        count: int = json.loads(connection.getresponse().read())["calls"]
        connection.close()
        return count

    # ---- load -----------------------------------------------------------------------------------------------------

    def _measure(self, results: Sequence[Result], running: Mapping[str, Running], question: str) -> None:
        rig = self._rig
        slowest: dict[str, float] = {}  # seconds for a request, by contender
        for one in results if rig.warm else ():
            rate = self._press(running[one.contender], question, 16, rig.warm).rate
            slowest[one.contender] = 1 / rate if rate else rig.warm
        for concurrency in rig.concurrencies:
            for turn in range(rig.rounds):
                for one in results:
                    # Long enough for each connection of a slow contender to be answered three times.
                    seconds = min(max(rig.seconds, 3 * slowest.get(one.contender, 0.0) * concurrency), 60)
                    measured = self._pressed(running[one.contender], question, concurrency, seconds)
                    slowest[one.contender] = 1 / measured.rate if measured.rate else seconds
                    one.measured.append(measured)
                    rig.say(f"{one.contender:18s} {question:4s} c={concurrency:<3d} {turn + 1} {measured.line()}")

    def _press(self, running: Running, question: str, concurrency: int, seconds: float) -> Figures:
        task = Task(running.port, self._headers[running.name], self._bodies[question], concurrency, seconds)
        return press(task, wrk=self._rig.wrk)

    def _pressed(self, running: Running, question: str, concurrency: int, seconds: float) -> Measured:
        running.settle()
        calls, cpu, other, busy = self._calls(), running.cpu_seconds, self._other_seconds(), machine_busy_seconds()
        figures = self._press(running, question, concurrency, seconds)
        busy, other = machine_busy_seconds() - busy, self._other_seconds() - other
        cpu, served = running.cpu_seconds - cpu, max(figures.requests, 1)
        return Measured(
            question=question,
            concurrency=concurrency,
            rate=figures.rate,
            p50=figures.p50,
            p99=figures.p99,
            cpu_ms=cpu * 1000 / served,
            resident_mb=running.resident_mb,
            calls=(self._calls() - calls) / served,
            bad=figures.bad,
            other_core=other / figures.seconds,
            strangers=max(0.0, busy - cpu - other) / figures.seconds,
        )

    def _other_seconds(self) -> float:
        """CPU time of the upstream and of every load that has ended."""
        upstream = self._upstream
        assert upstream is not None  # noqa: S101 - only called while it runs
        return upstream.cpu_seconds + sum(os.times()[2:4])


def _post(port: int, headers: dict[str, str], body: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/graphql", body.encode(), headers)
        answer = connection.getresponse()
        content = answer.read()
    except OSError as err:
        raise DidNotStart(f"broke the connection off: {err}") from err
    finally:
        connection.close()
    if answer.status != 200:
        raise Unequal(f"status {answer.status}: {content[:300].decode(errors='replace')}")
    return content


def _data(content: bytes) -> str:
    """The data member in one spelling; key order is kept."""
    answer = json.loads(content)
    if answer.get("errors") or not answer.get("data"):
        raise Unequal(f"errors: {json.dumps(answer.get('errors'), ensure_ascii=False)[:300]}")
    return json.dumps(answer["data"], ensure_ascii=False)


def _first_difference(found: Sequence[str], expected: Sequence[str]) -> str:
    for one, other in zip(found, expected, strict=True):
        for place, (left, right) in enumerate(zip(one, other, strict=False)):
            if left != right:
                return (
                    f"{one[max(0, place - 60) : place + 60]!r} instead of {other[max(0, place - 60) : place + 60]!r}"
                )
    return "one is longer"
