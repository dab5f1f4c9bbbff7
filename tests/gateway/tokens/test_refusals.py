"""Tokens that do not hold: each refused for its own reason, without a word of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OKPKey

from gateway.errors import Unauthenticated
from gateway.issuers.jws import take_apart
from gateway.issuers.reasons import Reason
from gateway.tokens import ASSERTION
from tests.gateway.tokens.town import CLAIMS, NOW, THERE, Attack, Town, as_secret, encoded, raw

BODY = {**CLAIMS, "iat": int(NOW), "exp": int(NOW) + 60}


def _unsigned(town: Town) -> str:
    return (encoded({"alg": "none", "kid": town.idp.kid}) + b"." + encoded(BODY) + b".").decode()


def _unsigned_with_signature(town: Town) -> str:
    return (encoded({"alg": "none", "kid": town.idp.kid}) + b"." + encoded(BODY) + b".AA").decode()


def _other_body(town: Town) -> str:
    header, _, signature = town.signed().split(".")
    return ".".join((header, encoded({**BODY, "roles": ["AUDITOR"]}).decode(), signature))


def _other_header(town: Town) -> str:
    _, body, signature = town.signed().split(".")
    return ".".join((encoded({"alg": "Ed25519", "kid": town.idp.kid, "typ": "at+jwt"}).decode(), body, signature))


def _strange_key(town: Town) -> str:
    key = OKPKey.generate_key("Ed25519")
    return jwt.encode({"alg": "Ed25519", "kid": town.idp.kid}, BODY, key, algorithms=["Ed25519"])


def _brings_its_own_key(town: Town) -> str:
    key = OKPKey.generate_key("Ed25519")
    header = {"alg": "Ed25519", "kid": town.idp.kid, "jwk": key.as_dict(private=False), "jku": "https://evil.example"}
    return raw(json.dumps(header).encode(), json.dumps(BODY).encode(), key)


def _with_header(town: Town, **more: object) -> str:
    header = {"alg": "Ed25519", "kid": town.idp.kid, **more}
    return raw(json.dumps(header).encode(), json.dumps(BODY).encode(), town.idp)


def _twice_in_the_header(town: Town) -> str:
    header = f'{{"alg": "Ed25519", "kid": "{town.idp.kid}", "alg": "none"}}'
    return raw(header.encode(), json.dumps(BODY).encode(), town.idp)


def _twice_in_the_claims(town: Town) -> str:
    claims = json.dumps(BODY)[:-1] + ', "roles": ["AUDITOR"]}'
    return raw(json.dumps({"alg": "Ed25519", "kid": town.idp.kid}).encode(), claims.encode(), town.idp)


def _twice_within(town: Town) -> str:
    claims = json.dumps(BODY).replace('"kind": "TOWNSHIP"', '"kind": "TOWNSHIP", "kind": "POLICE"')
    return raw(json.dumps({"alg": "Ed25519", "kid": town.idp.kid}).encode(), claims.encode(), town.idp)


def _no_number(town: Town) -> str:
    claims = json.dumps(BODY).replace(str(int(NOW) + 60), "Infinity")
    return raw(json.dumps({"alg": "Ed25519", "kid": town.idp.kid}).encode(), claims.encode(), town.idp)


def _deep(_: Town) -> str:
    return base64.urlsafe_b64encode(b"[" * 3000).decode().rstrip("=") + ".e30.e30"


def _nested_chain(town: Town) -> str:
    chain: object = None
    for _ in range(400):
        chain = {"act": chain}
    return town.asserted(act=chain)


ATTACKS: Mapping[str, tuple[Reason, Attack]] = {
    "no signature (alg none)": (Reason.MALFORMED, _unsigned),
    "alg none with something as signature": (Reason.ALGORITHM_REFUSED, _unsigned_with_signature),
    "public key used as a shared secret": (
        Reason.ALGORITHM_REFUSED,
        lambda town: town.signed(as_secret(town.idp), alg="HS256"),
    ),
    "an algorithm that does not fit the key": (
        Reason.ALGORITHM_REFUSED,
        lambda town: _with_header(town, alg="ES256"),
    ),
    "an algorithm that the issuer does not use": (
        Reason.ALGORITHM_REFUSED,
        lambda town: _with_header(town, alg="RS256"),
    ),
    "an algorithm that is no text": (Reason.ALGORITHM_REFUSED, lambda town: _with_header(town, alg=["Ed25519"])),
    "changed body": (Reason.SIGNATURE_INVALID, _other_body),
    "changed header": (Reason.SIGNATURE_INVALID, _other_header),
    "another key under a known kid": (Reason.SIGNATURE_INVALID, _strange_key),
    "a key of its own in the header": (Reason.SIGNATURE_INVALID, _brings_its_own_key),
    "a critical extension": (Reason.HEADER_CRITICAL, lambda town: _with_header(town, crit=["exp"], exp=1)),
    "an empty list of critical extensions": (Reason.HEADER_CRITICAL, lambda town: _with_header(town, crit=[])),
    "a body that is not base64": (Reason.HEADER_CRITICAL, lambda town: _with_header(town, b64=False)),
    "a header that names a member twice": (Reason.AMBIGUOUS, _twice_in_the_header),
    "claims that name a member twice": (Reason.AMBIGUOUS, _twice_in_the_claims),
    "an agency that names a member twice": (Reason.AMBIGUOUS, _twice_within),
    "a number that JSON lacks": (Reason.MALFORMED, _no_number),
    "no kid": (Reason.KEY_UNKNOWN, lambda town: _with_header(town, kid=None)),
    "an unknown kid": (Reason.KEY_UNKNOWN, lambda town: _with_header(town, kid="another")),
    "a typ that is no text": (Reason.TYPE_REFUSED, lambda town: _with_header(town, typ=1)),
    "an ID token's logout": (Reason.TYPE_REFUSED, lambda town: _with_header(town, typ="logout+jwt")),
    "the peer's key under the provider's name": (Reason.KEY_UNKNOWN, lambda town: town.signed(town.peer)),
    "the provider's key under the peer's name": (
        Reason.KEY_UNKNOWN,
        lambda town: town.signed(iss=THERE, typ=ASSERTION),
    ),
    "unknown issuer": (Reason.ISSUER_UNKNOWN, lambda town: town.signed(iss="https://evil.example")),
    "issuer that is no text": (Reason.ISSUER_UNKNOWN, lambda town: town.signed(iss=["idp"])),
    "no issuer": (Reason.ISSUER_UNKNOWN, lambda town: town.signed(iss=...)),
    "expired": (Reason.EXPIRED, lambda town: town.signed(iat=int(NOW) - 700, exp=int(NOW) - 60)),
    "no expiry": (Reason.TIMES_MISSING, lambda town: town.signed(exp=...)),
    "expiry that is no number": (Reason.TIMES_MISSING, lambda town: town.signed(exp="tomorrow")),
    "expiry that is true": (Reason.TIMES_MISSING, lambda town: town.signed(exp=True)),
    "expiry beyond any number": (Reason.TIMES_MISSING, lambda town: town.signed(exp=10**400)),
    "lives for a year": (Reason.LIFETIME_TOO_LONG, lambda town: town.signed(exp=int(NOW) + 365 * 86400)),
    "issued long ago": (Reason.LIFETIME_TOO_LONG, lambda town: town.signed(iat=int(NOW) - 365 * 86400)),
    "issued in the future": (Reason.NOT_YET_VALID, lambda town: town.signed(iat=int(NOW) + 60)),
    "no time of issue": (Reason.TIMES_MISSING, lambda town: town.signed(iat=...)),
    "not yet valid": (Reason.NOT_YET_VALID, lambda town: town.signed(nbf=int(NOW) + 60)),
    "a beginning that is no number": (Reason.TIMES_MISSING, lambda town: town.signed(nbf="now")),
    "other audience": (Reason.AUDIENCE_REFUSED, lambda town: town.signed(aud=THERE)),
    "no audience": (Reason.AUDIENCE_REFUSED, lambda town: town.signed(aud=...)),
    "an audience that holds ours": (Reason.AUDIENCE_REFUSED, lambda town: town.signed(aud="gateway.3200001")),
    "no subject": (Reason.CLAIMS_UNUSABLE, lambda town: town.signed(sub=...)),
    "subject is a citizen's number": (Reason.CLAIMS_UNUSABLE, lambda town: town.signed(sub="329901199003070018")),
    "subject is a telephone number": (Reason.CLAIMS_UNUSABLE, lambda town: town.signed(sub="13900000001")),
    "case number is a citizen's number": (
        Reason.CLAIMS_UNUSABLE,
        lambda town: town.signed(case_number="329901199003070018"),
    ),
    "unknown role": (Reason.CLAIMS_UNUSABLE, lambda town: town.signed(roles=["TOWNSHIP_WORKER", "JANITOR"])),
    "no role": (Reason.CLAIMS_UNUSABLE, lambda town: town.signed(roles=[])),
    "roles that are no list": (Reason.CLAIMS_UNUSABLE, lambda town: town.signed(roles="AUDITOR")),
    "unknown purpose": (Reason.CLAIMS_UNUSABLE, lambda town: town.signed(purpose="MARKETING")),
    "several purposes": (Reason.CLAIMS_UNUSABLE, lambda town: town.signed(purpose=["AFTERCARE", "AUDIT"])),
    "no agency": (Reason.CLAIMS_UNUSABLE, lambda town: town.signed(agency=...)),
    "unknown kind of agency": (
        Reason.CLAIMS_UNUSABLE,
        lambda town: town.signed(agency={**CLAIMS["agency"], "kind": "BANK"}),
    ),
    "jurisdiction that is no code": (
        Reason.CLAIMS_UNUSABLE,
        lambda town: town.signed(agency={**CLAIMS["agency"], "jurisdiction": ""}),
    ),
    "clearance beyond any": (Reason.CLAIMS_UNUSABLE, lambda town: town.signed(clearance=4)),
    "clearance that is true": (Reason.CLAIMS_UNUSABLE, lambda town: town.signed(clearance=True)),
    "staff that is also the person": (
        Reason.CLAIMS_UNUSABLE,
        lambda town: town.signed(roles=["SUBJECT", "AUDITOR"], person="p-1"),
    ),
    "the person without an id": (
        Reason.CLAIMS_UNUSABLE,
        lambda town: town.signed(roles=["SUBJECT"], purpose="OWN_ACCESS"),
    ),
    "a relative without an id": (
        Reason.CLAIMS_UNUSABLE,
        lambda town: town.signed(roles=["RELATIVE"], purpose="OWN_ACCESS"),
    ),
    "a relative who is the person as well": (
        Reason.CLAIMS_UNUSABLE,
        lambda town: town.signed(roles=["RELATIVE", "SUBJECT"], person="p-1"),
    ),
    "staff with a person's id": (Reason.CLAIMS_UNUSABLE, lambda town: town.signed(person="p-1")),
    "forged chain (act)": (Reason.CHAIN_REFUSED, lambda town: town.signed(act={"sub": THERE})),
    "forged chain (via)": (Reason.CHAIN_REFUSED, lambda town: town.signed(via=[THERE])),
    "forged origin": (Reason.CHAIN_REFUSED, lambda town: town.signed(origin="https://idp.zj.example")),
    "empty chain": (Reason.CHAIN_REFUSED, lambda town: town.signed(act=None)),
    "poses as an assertion": (Reason.TYPE_REFUSED, lambda town: town.signed(typ=ASSERTION)),
    "poses as a service": (Reason.TYPE_REFUSED, lambda town: town.signed(typ="yiti-service+jwt")),
    "an assertion without its request": (Reason.ASSERTION_MISPLACED, lambda town: town.asserted()),
    "empty": (Reason.MALFORMED, lambda _: ""),
    "not a token": (Reason.MALFORMED, lambda _: "a.b"),
    "not JSON": (Reason.MALFORMED, lambda _: "YQ.YQ.YQ"),
    "no objects": (Reason.MALFORMED, lambda _: "W10.W10.YQ"),
    "padded": (Reason.MALFORMED, lambda town: town.signed() + "="),
    "ordinary base64": (Reason.MALFORMED, lambda town: town.signed().replace(".", ".+/", 1)),
    "JSON that nests without end": (Reason.MALFORMED, _deep),
    "longer than any token": (Reason.MALFORMED, lambda town: town.signed(padding="x" * 9000)),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_token_that_does_not_hold_is_refused_without_repeating_it(town: Town, attack: str) -> None:
    reason, make = ATTACKS[attack]
    token = make(town)
    with pytest.raises(Unauthenticated) as refused:
        town.verifier.verify(token)
    shown = json.dumps(refused.value.formatted)
    assert refused.value.extensions == {"code": "UNAUTHENTICATED", "reason": reason.value}
    words = (*token.split("."), "staff-7", "329901", "13900000001", "JANITOR", "evil.example")
    assert not any(part in shown for part in words if len(part) > 4)


@pytest.mark.parametrize(
    "attack", ["changed body", "expired", "an unknown kid", "alg none with something as signature"]
)
async def test_waiting_makes_no_difference(town: Town, attack: str) -> None:
    reason, make = ATTACKS[attack]
    with pytest.raises(Unauthenticated) as refused:
        await town.verifier.identify(make(town))
    assert (refused.value.extensions or {})["reason"] == reason.value


def test_a_chain_without_end_is_no_fault(town: Town) -> None:
    with pytest.raises(Unauthenticated):
        town.verifier.verify(_nested_chain(town))


def test_every_reason_says_a_fix(town: Town) -> None:
    for reason, make in ATTACKS.values():
        with pytest.raises(Unauthenticated) as refused:
            town.verifier.verify(make(town))
        sentences = refused.value.message.split(". ")
        assert len(sentences) >= 2, reason


_PARTS = st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="))
_HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "alg": st.sampled_from(["none", "HS256", "RS256", "Ed25519", "EdDSA", "ES256", ""])
        | st.integers()
        | st.none(),
        "kid": st.text(max_size=20) | st.integers() | st.none(),
        "typ": st.text(max_size=20) | st.lists(st.text(max_size=3)),
        "crit": st.lists(st.text(max_size=3)),
        "jwk": st.dictionaries(st.text(max_size=3), st.text(max_size=3)),
        "x5c": st.lists(st.text(max_size=3)),
    },
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text() | st.lists(_PARTS, max_size=5).map(".".join))
def test_any_other_text_is_refused(town: Town, text: str) -> None:
    with pytest.raises(Unauthenticated):
        town.verifier.verify(text)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(_HEADERS, _PARTS)
def test_any_other_header_is_refused(town: Town, header: Mapping[str, object], signature: str) -> None:
    with pytest.raises(Unauthenticated):
        town.verifier.verify(f"{encoded(header).decode()}.{encoded(BODY).decode()}.{signature}")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_one_changed_character_is_refused(town: Town, data: st.DataObject) -> None:
    token = town.signed()
    place = data.draw(st.integers(0, len(token) - 3))  # the last character's spare bits mean nothing
    other = data.draw(st.sampled_from("ABCxyz019-_.=+/ é"))
    if token[place] == other:
        return
    with pytest.raises(Unauthenticated):
        town.verifier.verify(token[:place] + other + token[place + 1 :])


def test_a_key_checks_no_algorithm_but_its_own(town: Town) -> None:
    for algorithm in ("ES256", "RS256"):
        with pytest.raises(Unauthenticated) as refused:
            take_apart(_with_header(town, alg=algorithm)).prove(town.idp)
        assert (refused.value.extensions or {})["reason"] == "ALGORITHM_REFUSED"


def test_a_token_is_taken_apart_once_and_strictly(town: Town) -> None:
    token = take_apart(town.signed(typ="application/AT+JWT"))
    assert (token.algorithm, token.kind, token.key_id) == ("Ed25519", "at+jwt", town.idp.kid)
