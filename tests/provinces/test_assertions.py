"""Attacks on what gateways tell each other, each against a running gateway over HTTP, with the peer's real key."""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from adapters.contract import PeerRequest
from gateway.federation.assertion import PeerSigner
from gateway.federation.binding import bound_to
from gateway.keys import SigningKey, make_signing_key, read_signing_key
from gateway.viewer import Viewer
from mocks.stage import Stage
from tests.provinces.asking import ask

HERE, THERE = "yiti-jiangsu", "yiti-zhejiang"
QUERY = json.dumps({"query": "{ viewer { subject purpose } }"}).encode()
OFFICER = Viewer(
    subject="staff-aftercare-officer",
    agency="330000000001",
    agency_name="浙江省后续照管中心（模拟）",
    agency_kind="AFTERCARE",
    jurisdiction="330000",
    roles=frozenset({"AFTERCARE_OFFICER"}),
    purpose="AFTERCARE",
    issuer="yiti-dev",
    key_id="k",
)


@dataclass
class Wire:
    """The line to Jiangsu's gateway, and Zhejiang's key."""

    address: str
    key: SigningKey

    @property
    def signer(self) -> PeerSigner:
        return PeerSigner(self.key, THERE)

    def assertion(self, body: bytes = QUERY, audience: str = HERE, target: str = "/graphql") -> str:
        """As Zhejiang's gateway signs it."""
        return self.signer.assert_for(OFFICER, PeerRequest(audience, "POST", target, body), "request-1")

    def by_hand(self, header: Mapping[str, object] | None = None, **changed: object) -> str:
        """An assertion changed by hand and signed all the same; `...` leaves a claim out."""
        now = int(time.time())
        parts = self.assertion().split(".")
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
        claims |= {"iat": now, "nbf": now, "exp": now + 60, **changed}
        kept = {name: value for name, value in claims.items() if value is not ...}
        head = {"alg": "Ed25519", "kid": self.key.kid, "typ": "yiti-assertion+jwt", **(header or {})}
        return jwt.encode(head, kept, self.key, algorithms=["Ed25519"])

    def send(
        self,
        token: str,
        body: bytes = QUERY,
        *,
        method: str = "POST",
        target: str = "/graphql",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Status and body, whatever was asked."""
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=30)
        try:
            own = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})}
            connection.request(method, target, body, own)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def why(self, token: str, body: bytes = QUERY, **how: Any) -> str:
        """For which reason it is refused, without a word about anybody."""
        status, answer = self.send(token, body, **how)
        assert status == 401, answer
        assert "data" not in answer
        assert "staff-aftercare-officer" not in json.dumps(answer)
        return str(answer["errors"][0]["extensions"]["reason"])


@pytest.fixture
def wire(stage: Stage) -> Wire:
    return Wire(stage.urls["jiangsu"], read_signing_key(stage.directory / "zhejiang" / "signing.key.json"))


def _forged(wire: Wire, change: Callable[[dict[str, Any]], None]) -> str:
    """A real assertion whose claims were changed on the way."""
    header, claims, signature = wire.assertion().split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    change(said)
    return f"{header}.{base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip('=')}.{signature}"


def test_an_honest_question_is_answered(wire: Wire) -> None:
    status, answer = wire.send(wire.assertion())
    assert (status, answer["data"]["viewer"]["purpose"]) == (200, "AFTERCARE")


def test_a_replay_is_refused(wire: Wire) -> None:
    token = wire.assertion()
    assert wire.send(token)[0] == 200
    assert wire.why(token) == "ASSERTION_REPLAYED"


def test_a_changed_body_is_refused_and_uses_nothing_up(wire: Wire) -> None:
    token = wire.assertion()
    person = json.dumps({"query": "{ persons(first: 10) { edges { node { name } } } }"}).encode()
    assert wire.why(token, person) == "ASSERTION_MISPLACED"
    assert wire.send(token)[0] == 200


def test_a_changed_purpose_is_refused(wire: Wire) -> None:
    token = _forged(wire, lambda said: said.update(purpose="STATUTORY_QUERY"))
    assert wire.why(token) == "SIGNATURE_INVALID"
    status, answer = wire.send(wire.assertion(), headers={"X-Purpose": "STATUTORY_QUERY", "Purpose": "AUDIT"})
    assert (status, answer["data"]["viewer"]["purpose"]) == (200, "AFTERCARE"), "no header changes it"


def test_a_changed_method_or_target_is_refused(wire: Wire) -> None:
    text = "/graphql?query=%7Bviewer%7Bsubject%7D%7D"
    assert wire.why(wire.assertion(b""), b"", method="GET", target=text) == "ASSERTION_MISPLACED"
    assert wire.why(wire.assertion(), target="/graphql?x=1") == "ASSERTION_MISPLACED"
    service = wire.signer.service_token(PeerRequest(HERE, "POST", "/graphql", b"{}"))
    assert wire.why(service, b"{}", target="/federation/locator") == "ASSERTION_MISPLACED"


def test_a_relay_to_another_province_is_refused(wire: Wire, stage: Stage) -> None:
    assert wire.why(wire.assertion(audience="yiti-anhui")) == "AUDIENCE_REFUSED"
    back = Wire(stage.urls["zhejiang"], wire.key)
    assert back.why(wire.assertion()) == "ISSUER_UNKNOWN", "nor does it hold at the gateway that signed it"
    chain = {"sub": THERE, "act": {"sub": "yiti-anhui"}}
    assert wire.why(wire.by_hand(act=chain)) == "CHAIN_REFUSED"
    ours = {"code": "x", "name": "x", "kind": "POLICE", "jurisdiction": "320500"}
    assert wire.why(wire.by_hand(agency=ours)) == "PROVINCE_REFUSED"


def test_an_expired_statement_is_refused(wire: Wire) -> None:
    past = int(time.time()) - 120
    assert wire.why(wire.by_hand(iat=past, nbf=past, exp=past + 60)) == "EXPIRED"
    assert wire.why(wire.by_hand(exp=int(time.time()) + 600)) == "LIFETIME_TOO_LONG"


def test_a_statement_of_the_future_is_refused(wire: Wire) -> None:
    later = int(time.time()) + 120
    assert wire.why(wire.by_hand(iat=later, nbf=later, exp=later + 60)) == "NOT_YET_VALID"


@pytest.mark.parametrize("bound", [..., None, {}, {"method": "POST"}, {"method": "POST", "target": "/graphql"}])
def test_weak_coverage_is_refused(wire: Wire, bound: object) -> None:
    assert wire.why(wire.by_hand(request=bound)) == "ASSERTION_UNBOUND"


@pytest.mark.parametrize("missing", ["jti", "origin"])
def test_a_statement_that_leaves_something_out_is_refused(wire: Wire, missing: str) -> None:
    assert wire.why(wire.by_hand(**{missing: ...})) == "ASSERTION_UNBOUND"


def test_a_swapped_token_is_refused(wire: Wire, stage: Stage) -> None:
    other = json.dumps({"query": "{ viewer { roles } }"}).encode()
    assert wire.why(wire.assertion(other)) == "ASSERTION_MISPLACED", "another question's statement"
    assert wire.why(stage.token("zhejiang", "auditor")) == "KEY_UNKNOWN", "another province's viewer"
    header, _, signature = wire.assertion().split(".")
    assert wire.why(f"{header}.{wire.assertion().split('.')[1]}.{signature}") == "SIGNATURE_INVALID"


def test_an_unknown_key_is_refused(wire: Wire, tmp_path: Any) -> None:
    stranger = Wire(wire.address, make_signing_key(tmp_path / "stranger.json"))
    assert stranger.why(stranger.assertion()) == "KEY_UNKNOWN"
    borrowed = OKPKey.import_key({**stranger.key.as_dict(private=True), "kid": wire.key.kid})
    assert Wire(wire.address, borrowed).why(Wire(wire.address, borrowed).assertion()) == "SIGNATURE_INVALID"


def test_algorithm_confusion_is_refused(wire: Wire) -> None:
    _, claims, signature = wire.assertion().split(".")
    public = wire.key.get_op_key("verify").public_bytes_raw()
    for algorithm in ("none", "HS256", "RS256"):
        head = json.dumps({"alg": algorithm, "kid": wire.key.kid, "typ": "yiti-assertion+jwt"}).encode()
        text = f"{base64.urlsafe_b64encode(head).decode().rstrip('=')}.{claims}"
        mark = base64.urlsafe_b64encode(hmac.digest(public, text.encode(), "sha256")).decode().rstrip("=")
        assert wire.why(f"{text}.{mark}") == "ALGORITHM_REFUSED"
        assert wire.why(f"{text}.{signature}") == "ALGORITHM_REFUSED"


def test_a_refused_statement_leaves_no_access_on_record(wire: Wire, stage: Stage) -> None:
    person = stage.person_id(stage.world.story("cross_province"))
    query = "query($id: ID!) { person(id: $id) { accesses(first: 100) { edges { node { via } } } } }"

    def forwarded() -> int:
        found = ask(stage, "auditor", query, {"id": person})["data"]["person"]["accesses"]["edges"]
        return sum(edge["node"]["via"] == [THERE] for edge in found)

    before = forwarded()
    body = json.dumps({"query": f'{{ person(id: "{person}") {{ name }} }}'}).encode()
    token = wire.assertion(body)
    assert wire.send(token, body)[0] == 200
    assert wire.why(token, body) == "ASSERTION_REPLAYED"
    until = time.monotonic() + 20
    while forwarded() == before and time.monotonic() < until:  # the index of the log comes a little behind it
        time.sleep(0.2)
    assert forwarded() == before + 1


def test_a_service_token_is_good_for_one_page(wire: Wire) -> None:
    body = b'{"after": null, "size": 3}'
    token = wire.signer.service_token(PeerRequest(HERE, "POST", "/federation/locator", body))
    status, page = wire.send(token, body, target="/federation/locator")
    assert (status, len(page["tokens"])) == (200, 3)
    assert wire.why(token, body, target="/federation/locator") == "ASSERTION_REPLAYED"
    assert bound_to("POST", "/graphql", body) != bound_to("POST", "/federation/locator", body)
