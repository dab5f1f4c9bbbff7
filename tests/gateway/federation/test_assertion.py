"""What gateways say to each other: for one viewer, one purpose, one request, one time."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gateway.claims import claims_of
from gateway.errors import Unauthenticated
from gateway.federation.assertion import ForwardedTooOften
from gateway.federation.binding import Sent, bound_to
from gateway.issuers.reasons import Reason
from tests.gateway.tokens.town import (
    BODY,
    CLAIMS,
    HERE,
    NOW,
    OFFICER,
    THERE,
    WORKER,
    Attack,
    Town,
    arrived,
    question,
    raw,
)


async def refused(town: Town, token: str, sent: Sent | None = None) -> str:
    """Why it is."""
    with pytest.raises(Unauthenticated) as caught:
        await town.verifier.identify(token, sent or arrived())
    return str((caught.value.extensions or {})["reason"])


async def test_a_peers_viewer_arrives_with_purpose_case_and_chain(town: Town) -> None:
    viewer = await town.verifier.identify(town.signer.assert_for(OFFICER, question(), "request-1"), arrived())
    assert claims_of(viewer) == claims_of(OFFICER)
    assert (viewer.via, viewer.forwarded, viewer.issuer) == ((THERE,), True, THERE)
    assert viewer.origin == OFFICER.issuer, "the holder knows who first vouched for the officer"


async def test_an_assertion_is_good_for_once(town: Town) -> None:
    token = town.signer.assert_for(OFFICER, question(), "request-1")
    await town.verifier.identify(token, arrived())
    assert await refused(town, token) == "ASSERTION_REPLAYED"


async def test_what_is_refused_is_not_used_up(town: Town) -> None:
    token = town.signer.assert_for(OFFICER, question(), "request-1")
    assert await refused(town, token, arrived(b"{}")) == "ASSERTION_MISPLACED"
    header, body, _ = token.split(".")
    assert await refused(town, f"{header}.{body}.{'A' * 86}") == "SIGNATURE_INVALID"
    assert (await town.verifier.identify(token, arrived())).subject == "staff-9"


@pytest.mark.parametrize(
    "sent",
    [
        arrived(BODY + b" "),
        arrived(b""),
        arrived(method="GET"),
        arrived(target="/federation/locator"),
        arrived(target="/graphql?query={x}"),
        None,
    ],
    ids=["changed body", "no body", "other method", "other target", "more target", "no request: a WebSocket"],
)
async def test_an_assertion_holds_for_its_request_alone(town: Town, sent: Sent | None) -> None:
    token = town.signer.assert_for(OFFICER, question(), "request-1")
    with pytest.raises(Unauthenticated) as caught:
        await town.verifier.identify(token, sent)
    assert (caught.value.extensions or {})["reason"] == "ASSERTION_MISPLACED"


async def test_an_assertion_lives_a_minute(town: Town) -> None:
    token = town.signer.assert_for(OFFICER, question(), "request-1")
    town.clock.now = NOW + 70
    assert await refused(town, token) == "EXPIRED"


async def test_two_assertions_are_never_the_same(town: Town) -> None:
    tokens = [town.signer.assert_for(OFFICER, question(), "request-1") for _ in range(3)]
    assert len({(await town.verifier.identify(token, arrived())).token_id for token in tokens}) == 3


def test_an_assertion_names_its_request(town: Town) -> None:
    body = town.signer.assert_for(OFFICER, question(), "request-1").split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(body + "=="))["request_id"] == "request-1"


async def test_an_assertion_for_another_gateway_is_refused_here(town: Town) -> None:
    token = town.signer.assert_for(OFFICER, question("gateway.340000"), "request-1")
    assert await refused(town, token) == "AUDIENCE_REFUSED"


def test_a_forwarded_viewer_is_not_forwarded_again(town: Town) -> None:
    with pytest.raises(ForwardedTooOften):
        town.signer.assert_for(replace(OFFICER, via=(HERE,)), question("gateway.340000"), "request-1")


BY_HAND: Mapping[str, tuple[Reason, Attack]] = {
    "without a chain": (Reason.CHAIN_REFUSED, lambda town: town.asserted(act=...)),
    "somebody else's chain": (Reason.CHAIN_REFUSED, lambda town: town.asserted(act={"sub": "gateway.340000"})),
    "forwarded twice": (
        Reason.CHAIN_REFUSED,
        lambda town: town.asserted(act={"sub": THERE, "act": {"sub": "gateway.340000"}}),
    ),
    "outlives its minute": (Reason.LIFETIME_TOO_LONG, lambda town: town.asserted(exp=int(NOW) + 600)),
    "for two gateways": (Reason.AUDIENCE_REFUSED, lambda town: town.asserted(aud=[HERE, "gateway.340000"])),
    "for one gateway in a list": (Reason.AUDIENCE_REFUSED, lambda town: town.asserted(aud=[HERE])),
    "without an id": (Reason.ASSERTION_UNBOUND, lambda town: town.asserted(jti=...)),
    "with an empty id": (Reason.CLAIMS_UNUSABLE, lambda town: town.asserted(jti="")),
    "without an origin": (Reason.ASSERTION_UNBOUND, lambda town: town.asserted(origin=...)),
    "bound to nothing": (Reason.ASSERTION_UNBOUND, lambda town: town.asserted(request=...)),
    "bound to less: no digest": (
        Reason.ASSERTION_UNBOUND,
        lambda town: town.asserted(request={"method": "POST", "target": "/graphql"}),
    ),
    "bound to less: method alone": (Reason.ASSERTION_UNBOUND, lambda town: town.asserted(request={"method": "POST"})),
    "bound to a digest that is no text": (
        Reason.ASSERTION_MISPLACED,
        lambda town: town.asserted(request={"method": "POST", "target": "/graphql", "digest": None}),
    ),
    "staff of our own": (Reason.PROVINCE_REFUSED, lambda town: town.asserted(agency=CLAIMS["agency"])),
    "no assertion": (Reason.TYPE_REFUSED, lambda town: town.asserted(typ="JWT")),
    "a service token": (Reason.TYPE_REFUSED, lambda town: town.service()),
    "issued in the future": (Reason.NOT_YET_VALID, lambda town: town.asserted(iat=int(NOW) + 30, exp=int(NOW) + 90)),
}


@pytest.mark.parametrize("attack", BY_HAND)
async def test_an_assertion_that_says_otherwise_is_refused(town: Town, attack: str) -> None:
    reason, make = BY_HAND[attack]
    assert await refused(town, make(town)) == reason.value


async def test_an_assertion_as_it_should_be_is_taken(town: Town) -> None:
    assert (await town.verifier.identify(town.asserted(), arrived())).subject == "staff-7"


async def test_a_peer_may_ask_for_itself_where_a_person_is_known(town: Town) -> None:
    token = town.signer.service_token(question())
    assert await town.verifier.identify_service(token, arrived()) == THERE
    with pytest.raises(Unauthenticated, match="used before"):
        await town.verifier.identify_service(token, arrived())


def _half_a_character(town: Town) -> str:
    """An id that JSON can write and UTF-8 cannot."""
    header = {"alg": "Ed25519", "kid": town.peer.kid, "typ": "yiti-service+jwt"}
    times = {"iat": int(NOW), "exp": int(NOW) + 60}
    claims = {"iss": THERE, "sub": THERE, "aud": HERE, "purpose": "LOCATE", "jti": "\ud800", **times}
    bound = {"request": bound_to("POST", "/graphql", BODY)}
    return raw(json.dumps(header).encode(), json.dumps({**claims, **bound}).encode(), town.peer)


@pytest.mark.parametrize(
    "make",
    [
        lambda town: town.signer.service_token(question("gateway.340000")),
        lambda town: town.signer.assert_for(OFFICER, question(), "request-1"),
        lambda town: town.dev.issue(WORKER, "AFTERCARE"),
        lambda town: town.signed(typ="yiti-service+jwt", purpose="LOCATE", sub="idp"),
        lambda town: town.service(purpose="AUDIT"),
        lambda town: town.service(sub=HERE),
        lambda town: town.service(request="x"),
        lambda town: _half_a_character(town),
        lambda town: town.signer.service_token(question(body=b"{}")),
    ],
)
async def test_no_other_token_opens_the_locator(town: Town, make: Any) -> None:
    with pytest.raises(Unauthenticated):
        await town.verifier.identify_service(make(town), arrived())
