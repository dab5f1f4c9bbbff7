"""Asks the two gateways as a front end would, over HTTP with a viewer's token, and keeps what was asked."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mocks.stage import Stage
from mocks.tour.page import UnmetExpectation

PROVINCE_NAMES: Final = {"jiangsu": "Jiangsu 江苏", "zhejiang": "Zhejiang 浙江"}
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and what came back."""

    province: str
    profile: str
    operation: str
    raw: bytes
    milliseconds: float

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object."""
        found: dict[str, Any] = json.loads(self.raw)
        return found

    def root(self, name: str) -> Any:
        """What stands under one root field."""
        return (self.body.get("data") or {}).get(name)

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The errors array; empty where there is none."""
        return list(self.body.get("errors") or ())

    @property
    def effects(self) -> Mapping[str, str]:
        """Path -> MASK or DENY, of every path that was not shown as it is."""
        withheld = (self.body.get("extensions") or {}).get("authorization") or ()
        return {one["path"]: one["effect"] for one in withheld}

    @property
    def sources(self) -> Mapping[str, float]:
        """Source -> milliseconds, of every source that answered."""
        heard = (self.body.get("extensions") or {}).get("sources") or ()
        return {one["source"]: one["milliseconds"] for one in heard if one["outcome"] == "ok"}


@dataclass(slots=True)
class Asker:
    """Asks over a running stage; `raw` is a folder where every question and raw answer is written."""

    stage: Stage
    raw: Path
    asked: list[Answer] = field(default_factory=list)
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def ask(
        self,
        profile: str,
        query: str,
        variables: Mapping[str, object] | None = None,
        *,
        province: str = "jiangsu",
        whole: bool = True,
    ) -> Answer:
        """One answer; raises UnmetExpectation when it bears errors though a `whole` one was expected."""
        body = json.dumps({"query": query, "variables": dict(variables or {})}).encode()
        request = urllib.request.Request(  # noqa: S310 loopback
            f"{self.stage.urls[province]}/graphql",
            body,
            {"Authorization": f"Bearer {self._token(province, profile)}", "Content-Type": "application/json"},
        )
        began = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as reply:  # noqa: S310 loopback
                raw = reply.read()
        except urllib.error.HTTPError as refused:
            raise UnmetExpectation(f"{_operation(query)}: refused with status {refused.code}") from refused
        except OSError as lost:
            raise UnmetExpectation(f"{_operation(query)}: the gateway of {province} does not answer") from lost
        took = (time.perf_counter() - began) * 1000
        answer = Answer(province, profile, _operation(query), raw, took)
        self.asked.append(answer)
        self._write(answer, query, variables)
        if whole and answer.errors:
            raise UnmetExpectation(f"{answer.operation}: expected no errors, got {answer.errors[0]['message']}")
        return answer

    def _token(self, province: str, profile: str) -> str:
        key = (province, profile)
        if key not in self._tokens:
            self._tokens[key] = self.stage.token(province, profile)
        return self._tokens[key]

    def _write(self, answer: Answer, query: str, variables: Mapping[str, object] | None) -> None:
        self.raw.mkdir(parents=True, exist_ok=True)
        told = {
            "gateway": f"yiti-{answer.province}",
            "viewer": answer.profile,
            "query": query,
            "variables": variables,
            "answer": answer.body,
        }
        file = self.raw / f"{len(self.asked):02}-{answer.operation}.json"
        file.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")


def _operation(query: str) -> str:
    """The name after `query`."""
    return query.split("{")[0].split("(")[0].removeprefix("query").strip()
