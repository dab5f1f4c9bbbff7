from __future__ import annotations

import base64
import contextlib
import json
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey

from gateway.claims import claims_of
from gateway.errors import PurposeMissing, Unauthenticated
from gateway.federation.assertion import ForwardedTooOften, PeerSigner
from gateway.keys import KeyFileError, make_signing_key, public_jwks, read_public_keys, read_signing_key
from gateway.tokens import ASSERTION, DevIssuer, Peer, Profile, Verifier, sign
from gateway.viewer import Viewer
from schema.enums import Purpose, Role

NOW = 1_800_000_000.0
HERE, THERE = "gateway.320000", "gateway.330000"

WORKER = Profile("staff-7", "11320102MB1", "某某街道", "TOWNSHIP", "320102003", frozenset({"TOWNSHIP_WORKER"}))
PERSON = Profile("login-1", "11320000MB2", "某某厅", "GATEWAY", "320000", frozenset({"SUBJECT"}), person="p-1")
CLAIMS: dict[str, Any] = {
    "iss": "idp",
    "aud": HERE,
    "sub": "staff-7",
    "agency": {"code": "11320102MB1", "name": "某某街道", "kind": "TOWNSHIP", "jurisdiction": "320102003"},
    "roles": ["TOWNSHIP_WORKER"],
    "purpose": "AFTERCARE",
}


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Town:
    """A gateway that trusts one identity provider (`idp`), the demonstration's issuer and one peer."""

    clock: Clock
    dev: DevIssuer
    idp: OKPKey
    idp_es256: ECKey
    peer: OKPKey
    verifier: Verifier

    def signed(self, key: Any = None, *, alg: str = "Ed25519", typ: str = "JWT", **changed: Any) -> str:
        key = key or self.idp
        dated = {"iat": int(NOW), "exp": int(NOW) + 600, **CLAIMS, **changed}
        claims = {name: value for name, value in dated.items() if value is not ...}
        header = {"alg": alg, "kid": key.kid, "typ": typ}
        return jwt.encode(header, claims, key, algorithms=[alg])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    directory = tmp_path_factory.mktemp("keys")
    clock = Clock()
    dev = DevIssuer(directory, mode="demo", audience=HERE, clock=clock)
    idp = make_signing_key(directory / "idp.key.json")
    idp_es256 = ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True)
    jwks = public_jwks(idp)
    jwks["keys"] = [*jwks["keys"], idp_es256.as_dict(private=False)]
    (directory / "idp.jwks.json").write_text(json.dumps(jwks))
    peer = make_signing_key(directory / "peer.key.json")
    (directory / "peer.jwks.json").write_text(json.dumps(public_jwks(peer)))
    verifier = Verifier(
        HERE,
        {dev.name: dev.jwks, "idp": directory / "idp.jwks.json"},
        {THERE: Peer(directory / "peer.jwks.json", "330000")},
        clock=clock,
    )
    return Town(clock, dev, idp, idp_es256, peer, verifier)


@pytest.fixture(autouse=True)
def _now(town: Town) -> None:
    town.clock.now = NOW


def test_the_viewer_is_what_the_token_says(town: Town) -> None:
    viewer = town.verifier.verify(town.dev.issue(WORKER, "AFTERCARE", case_number="A-2026-1", seconds=600))
    assert replace(viewer, token_id=None) == Viewer(
        subject="staff-7",
        agency="11320102MB1",
        agency_name="某某街道",
        agency_kind="TOWNSHIP",
        jurisdiction="320102003",
        roles=frozenset({"TOWNSHIP_WORKER"}),
        purpose="AFTERCARE",
        issuer="yiti-dev",
        key_id=viewer.key_id,
        case_number="A-2026-1",
        expires_at=NOW + 600,
    )
    assert viewer.token_id
    assert not viewer.forwarded


def test_the_person_comes_with_their_own_id(town: Town) -> None:
    assert town.verifier.verify(town.dev.issue(PERSON, "OWN_ACCESS")).person == "p-1"


@pytest.mark.parametrize("typ", ["JWT", "at+jwt"])
def test_an_identity_providers_token_is_accepted(town: Town, typ: str) -> None:
    assert town.verifier.verify(town.signed(typ=typ)).issuer == "idp"


def test_es256_is_accepted(town: Town) -> None:
    assert town.verifier.verify(town.signed(town.idp_es256, alg="ES256")).key_id == town.idp_es256.kid


def test_the_older_name_of_ed25519_is_accepted(tmp_path: Path) -> None:
    key = OKPKey.generate_key("Ed25519", {"use": "sig", "kid": "k"})
    (tmp_path / "jwks.json").write_text(json.dumps(public_jwks(key)))
    verifier = Verifier(HERE, {"idp": tmp_path / "jwks.json"}, clock=Clock())
    body = {**CLAIMS, "iat": int(NOW), "exp": int(NOW) + 60}
    parts = b".".join(_encoded(part) for part in ({"alg": "EdDSA", "kid": "k"}, body))
    signature = base64.urlsafe_b64encode(key.get_op_key("sign").sign(parts)).rstrip(b"=")
    assert verifier.verify((parts + b"." + signature).decode()).subject == "staff-7"


def test_an_audience_among_several_is_accepted_from_an_identity_provider(town: Town) -> None:
    assert town.verifier.verify(town.signed(aud=["other", HERE])).subject == "staff-7"


def test_clocks_may_differ_a_little(town: Town) -> None:
    token = town.signed(exp=int(NOW) + 10)
    town.clock.now = NOW + 12
    assert town.verifier.verify(token).subject == "staff-7"


def _encoded(part: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")


def _unsigned(town: Town) -> str:
    header = {"alg": "none", "kid": town.idp.kid}
    body = {**CLAIMS, "iat": int(NOW), "exp": int(NOW) + 60}
    return (_encoded(header) + b"." + _encoded(body) + b".").decode()


def _public_key_as_secret(town: Town) -> str:
    secret = OctKey.import_key(town.idp.get_op_key("verify").public_bytes_raw(), {"kid": town.idp.kid})
    return town.signed(secret, alg="HS256")


def _other_body(town: Town) -> str:
    header, _, signature = town.signed().split(".")
    return ".".join((header, _encoded({**CLAIMS, "roles": ["AUDITOR"]}).decode(), signature))


def _strange_key(town: Town) -> str:
    key = OKPKey.generate_key("Ed25519")
    return jwt.encode(
        {"alg": "Ed25519", "kid": town.idp.kid},
        {**CLAIMS, "iat": int(NOW), "exp": int(NOW) + 60},
        key,
        algorithms=["Ed25519"],
    )


ATTACKS = {
    "no signature (alg none)": _unsigned,
    "public key used as a shared secret": _public_key_as_secret,
    "changed body": _other_body,
    "another key under a known kid": _strange_key,
    "the peer's key under the provider's name": lambda town: town.signed(town.peer),
    "the provider's key under the peer's name": lambda town: town.signed(iss=THERE, typ=ASSERTION),
    "unknown issuer": lambda town: town.signed(iss="https://evil.example"),
    "issuer that is no text": lambda town: town.signed(iss=["idp"]),
    "no issuer": lambda town: town.signed(iss=...),
    "expired": lambda town: town.signed(iat=int(NOW) - 700, exp=int(NOW) - 60),
    "no expiry": lambda town: town.signed(exp=...),
    "expiry that is no number": lambda town: town.signed(exp="tomorrow"),
    "lives for a year": lambda town: town.signed(exp=int(NOW) + 365 * 86400),
    "issued in the future": lambda town: town.signed(iat=int(NOW) + 60),
    "no time of issue": lambda town: town.signed(iat=...),
    "not yet valid": lambda town: town.signed(nbf=int(NOW) + 60),
    "other audience": lambda town: town.signed(aud=THERE),
    "no audience": lambda town: town.signed(aud=...),
    "no subject": lambda town: town.signed(sub=...),
    "subject is a citizen's number": lambda town: town.signed(sub="329901199003070018"),
    "case number is a citizen's number": lambda town: town.signed(case_number="329901199003070018"),
    "unknown role": lambda town: town.signed(roles=["TOWNSHIP_WORKER", "JANITOR"]),
    "no role": lambda town: town.signed(roles=[]),
    "roles that are no list": lambda town: town.signed(roles="AUDITOR"),
    "unknown purpose": lambda town: town.signed(purpose="MARKETING"),
    "several purposes": lambda town: town.signed(purpose=["AFTERCARE", "AUDIT"]),
    "no agency": lambda town: town.signed(agency=...),
    "unknown kind of agency": lambda town: town.signed(agency={**CLAIMS["agency"], "kind": "BANK"}),
    "jurisdiction that is no code": lambda town: town.signed(agency={**CLAIMS["agency"], "jurisdiction": ""}),
    "staff that is also the person": lambda town: town.signed(roles=["SUBJECT", "AUDITOR"], person="p-1"),
    "the person without an id": lambda town: town.signed(roles=["SUBJECT"], purpose="OWN_ACCESS"),
    "staff with a person's id": lambda town: town.signed(person="p-1"),
    "forged chain (act)": lambda town: town.signed(act={"sub": THERE}),
    "forged chain (via)": lambda town: town.signed(via=[THERE]),
    "empty chain": lambda town: town.signed(act=None),
    "poses as an assertion": lambda town: town.signed(typ=ASSERTION),
    "assertion without a chain": lambda town: town.signed(town.peer, iss=THERE, typ=ASSERTION, jti="1", exp=NOW + 60),
    "assertion for somebody else's chain": lambda town: _asserted(town, act={"sub": "gateway.340000"}),
    "assertion forwarded twice": lambda town: _asserted(town, act={"sub": THERE, "act": {"sub": "gateway.340000"}}),
    "assertion that outlives its minute": lambda town: _asserted(town, exp=int(NOW) + 600),
    "assertion for two gateways": lambda town: _asserted(town, aud=[HERE, "gateway.340000"]),
    "assertion without an id": lambda town: _asserted(town, jti=...),
    "assertion for staff of our own": lambda town: _asserted(town, agency=CLAIMS["agency"]),
    "peer's token that is no assertion": lambda town: _asserted(town, typ="JWT"),
    "service token of a peer": lambda town: _signer(town).service_token(HERE),
    "empty": lambda _: "",
    "not a token": lambda _: "a.b",
    "not JSON": lambda _: "YQ.YQ.YQ",
    "JSON that nests without end": lambda _: base64.urlsafe_b64encode(b"[" * 3000).decode().rstrip("=") + ".e30.e30",
    "longer than any token": lambda town: town.signed(padding="x" * 9000),
}
THEIRS = {"code": "11330000MB9", "name": "某某厅", "kind": "AFTERCARE", "jurisdiction": "330106"}


def _asserted(town: Town, **changed: Any) -> str:
    usual = {"iss": THERE, "act": {"sub": THERE}, "jti": "1", "exp": int(NOW) + 60, "agency": THEIRS}
    return town.signed(town.peer, **{"typ": ASSERTION, **usual, **changed})


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_token_that_does_not_hold_is_refused_without_repeating_it(town: Town, attack: str) -> None:
    token = ATTACKS[attack](town)
    with pytest.raises(Unauthenticated) as refused:
        town.verifier.verify(token)
    shown = json.dumps(refused.value.formatted)
    assert refused.value.extensions == {"code": "UNAUTHENTICATED"}
    assert not any(part in shown for part in (*token.split("."), "staff-7", "329901", "JANITOR") if len(part) > 4)


@pytest.mark.parametrize("purpose", [..., None, ""])
def test_a_token_without_a_purpose_is_told_so(town: Town, purpose: object) -> None:
    with pytest.raises(PurposeMissing):
        town.verifier.verify(town.signed(purpose=purpose))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text() | st.lists(st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode())).map(".".join))
def test_any_other_text_is_refused(town: Town, text: str) -> None:
    with pytest.raises(Unauthenticated):
        town.verifier.verify(text)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_any_signed_claims_are_a_viewer_or_refused(town: Town, data: st.DataObject) -> None:
    odd = st.none() | st.integers() | st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text())
    changed = data.draw(st.dictionaries(st.sampled_from([*CLAIMS, "exp", "iat", "nbf", "jti", "act", "person"]), odd))
    with contextlib.suppress(Unauthenticated, PurposeMissing):
        viewer = town.verifier.verify(town.signed(**changed))
        assert viewer.roles <= set(Role.__members__)
        assert (viewer.purpose in Purpose.__members__, viewer.via) == (True, ())


def _signer(town: Town) -> PeerSigner:
    return PeerSigner(town.peer, THERE, clock=town.clock)


OFFICER = Viewer(
    subject="staff-9",
    agency="11330000MB9",
    agency_name="某某厅",
    agency_kind="AFTERCARE",
    jurisdiction="330106",
    roles=frozenset({"AFTERCARE_OFFICER"}),
    purpose="HANDOFF",
    issuer="https://idp.zj.example",
    key_id="z",
    case_number="Z-1",
)


def test_a_peers_viewer_arrives_with_purpose_case_and_chain(town: Town) -> None:
    viewer = town.verifier.verify(_signer(town).assert_for(OFFICER, HERE, "request-1"))
    assert claims_of(viewer) == claims_of(OFFICER)
    assert viewer.via == (THERE,)
    assert viewer.forwarded
    assert viewer.issuer == THERE


def test_an_assertion_lives_a_minute(town: Town) -> None:
    token = _signer(town).assert_for(OFFICER, HERE, "request-1")
    town.clock.now = NOW + 70
    with pytest.raises(Unauthenticated, match="expired"):
        town.verifier.verify(token)


def test_two_assertions_are_never_the_same(town: Town) -> None:
    signer = _signer(town)
    ids = {town.verifier.verify(signer.assert_for(OFFICER, HERE, "request-1")).token_id for _ in range(3)}
    assert len(ids) == 3


def test_an_assertion_names_its_request(town: Town) -> None:
    body = _signer(town).assert_for(OFFICER, HERE, "request-1").split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(body + "=="))["request_id"] == "request-1"


def test_an_assertion_for_another_gateway_is_refused_here(town: Town) -> None:
    with pytest.raises(Unauthenticated):
        town.verifier.verify(_signer(town).assert_for(OFFICER, "gateway.340000", "request-1"))


def test_a_forwarded_viewer_is_not_forwarded_again(town: Town) -> None:
    with pytest.raises(ForwardedTooOften):
        _signer(town).assert_for(replace(OFFICER, via=(HERE,)), "gateway.340000", "request-1")


def test_a_peer_may_ask_for_itself_where_a_person_is_known(town: Town) -> None:
    assert town.verifier.verify_service(_signer(town).service_token(HERE)) == THERE


@pytest.mark.parametrize(
    "token",
    [
        lambda town: _signer(town).service_token("gateway.340000"),
        lambda town: _signer(town).assert_for(OFFICER, HERE, "request-1"),
        lambda town: town.dev.issue(WORKER, "AFTERCARE"),
        lambda town: town.signed(typ="yiti-service+jwt", purpose="LOCATE", sub="idp"),
        lambda town: _service(town, purpose="AUDIT"),
        lambda town: _service(town, sub=HERE),
    ],
)
def test_no_other_token_opens_the_locator(town: Town, token: Any) -> None:
    with pytest.raises(Unauthenticated):
        town.verifier.verify_service(token(town))


def _service(town: Town, **changed: str) -> str:
    claims = {"iss": THERE, "sub": THERE, "aud": HERE, "purpose": "LOCATE", **changed}
    return sign(claims, town.peer, kind="yiti-service+jwt", now=NOW, seconds=60)


@pytest.mark.parametrize("mode", ["production", "", "DEMO", "test"])
def test_the_development_issuer_exists_in_demo_mode_only(tmp_path: Path, mode: str) -> None:
    with pytest.raises(RuntimeError, match="demo mode only"):
        DevIssuer(tmp_path, mode=mode, audience=HERE)
    assert list(tmp_path.iterdir()) == []


def test_the_development_issuer_keeps_its_key(tmp_path: Path, town: Town) -> None:
    first, second = (DevIssuer(tmp_path, mode="demo", audience=HERE, clock=town.clock) for _ in range(2))
    verifier = Verifier(HERE, {first.name: first.jwks}, clock=town.clock)
    assert verifier.verify(second.issue(WORKER, "AFTERCARE")).subject == "staff-7"


def test_a_private_key_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key.json"
    key = make_signing_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_signing_key(path).kid == make_signing_key(path).kid == key.kid
    assert [entry.name for entry in path.parent.iterdir()] == ["key.json"]


def test_public_keys_hold_no_private_part(tmp_path: Path) -> None:
    assert '"d"' not in json.dumps(public_jwks(make_signing_key(tmp_path / "key.json")))


def _jwks(*keys: object) -> str:
    return json.dumps({"keys": keys})


GOOD = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "k"}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "must be a JSON object"),
        ("{}", "not a JWKS"),
        (_jwks(), "not a JWKS"),
        (_jwks("x"), r"keys\[0\].*curves"),
        (_jwks({"kty": "oct", "k": "c2VjcmV0", "kid": "k"}), r"keys\[0\].*curves"),
        (_jwks({**GOOD, "crv": "X25519"}), "curves"),
        (_jwks({**GOOD, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}), "private key"),
        (_jwks(GOOD, {**GOOD, "kid": None}), r"keys\[1\]: lacks a kid"),
        (_jwks({**GOOD, "x": "AA"}), "not a key in JWK form"),
    ],
)
def test_a_bad_key_file_is_refused_by_name(tmp_path: Path, content: str, named: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(KeyFileError, match=f"keys.json.*{named}"):
        read_public_keys(path)


@pytest.mark.parametrize("content", ["{}", _jwks(GOOD), json.dumps(GOOD), json.dumps({"kty": "oct", "k": "c2Vj"})])
def test_a_signing_key_must_be_private(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(KeyFileError, match=r"key\.json"):
        read_signing_key(path)


def test_an_issuer_cannot_also_be_a_peer(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="both"):
        Verifier(HERE, {"a": tmp_path}, {"a": Peer(tmp_path)})
