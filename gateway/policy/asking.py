"""Asks a running gateway for an explanation; what it says is printed as it is."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.claims import claims_of
from gateway.policy.errors import PolicyToolError
from gateway.viewer import Viewer

_PATIENCE = 30.0  # seconds


class GatewaySilent(PolicyToolError):
    """A gateway that cannot be reached, or that does not explain; says what it said."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Explanations as objects and as text."""

    explanations: Sequence[Mapping[str, object]]
    text: str


def ask(gateway: str, token: str, viewer: Viewer, person: str, fields: Sequence[str]) -> Answered:
    """What a gateway at an address such as http://127.0.0.1:8000 explains; raises GatewaySilent."""
    address = urlsplit(gateway)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise GatewaySilent("--gateway: must be an address such as http://127.0.0.1:8000.")
    secure = address.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(address.hostname, address.port, timeout=_PATIENCE)
    body = json.dumps({"viewer": claims_of(viewer), "person": person, "fields": list(fields)})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", f"{address.path.rstrip('/')}/policy/explain", body, headers)
        reply = connection.getresponse()
        answer = json.loads(reply.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise GatewaySilent(f"{gateway}: no answer ({type(error).__name__}). Is this a running gateway?") from error
    finally:
        connection.close()
    if reply.status != http.client.OK:
        said = "; ".join(str(one.get("message")) for one in answer.get("errors", ())) or f"status {reply.status}"
        raise GatewaySilent(f"{gateway}: {said}")
    return Answered(answer["explanations"], answer["text"])
