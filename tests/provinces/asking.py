"""Asks a running gateway as a front end would: over HTTP, with a token."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mocks.stage import Stage

SCREENS = (Path(__file__).parents[2] / "docs" / "screens.graphql").read_text(encoding="utf-8")


def post(url: str, body: bytes, token: str | None) -> tuple[int, dict[str, Any]]:
    """Status and body of one POST."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def ask(
    stage: Stage,
    profile: str,
    query: str,
    variables: Mapping[str, object] | None = None,
    *,
    name: str | None = None,
    province: str = "jiangsu",
) -> dict[str, Any]:
    """One answer to one viewer."""
    body = json.dumps({"query": query, "operationName": name, "variables": variables or {}}).encode()
    _, answer = post(f"{stage.urls[province]}/graphql", body, stage.token(province, profile))
    return answer


def screen(stage: Stage, profile: str, name: str, variables: Mapping[str, object] | None = None) -> dict[str, Any]:
    """One of the front end's screens."""
    return ask(stage, profile, SCREENS, variables, name=name)
