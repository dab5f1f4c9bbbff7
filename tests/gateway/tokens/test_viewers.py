"""Who a token stands for: what it says, and nothing else."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from gateway.errors import PurposeMissing, Unauthenticated
from gateway.keys import public_jwks
from gateway.tokens import DevIssuer, Peer, Verifier
from gateway.viewer import Viewer
from schema.enums import Purpose, Role
from tests.gateway.tokens.town import CLAIMS, HERE, NOW, PERSON, WORKER, Clock, Town, encoded


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


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
def test_an_identity_providers_token_is_accepted(town: Town, typ: str) -> None:
    assert town.verifier.verify(town.signed(typ=typ)).issuer == "idp"


async def test_whoever_may_wait_gets_the_same_viewer(town: Town) -> None:
    token = town.signed()
    assert await town.verifier.identify(token) == town.verifier.verify(token)


def test_es256_is_accepted(town: Town) -> None:
    assert town.verifier.verify(town.signed(town.idp_es256, alg="ES256")).key_id == town.idp_es256.kid


def test_the_older_name_of_ed25519_is_accepted(tmp_path: Path) -> None:
    key = OKPKey.generate_key("Ed25519", {"use": "sig", "kid": "k"})
    (tmp_path / "jwks.json").write_text(json.dumps(public_jwks(key)))
    verifier = Verifier(HERE, {"idp": tmp_path / "jwks.json"}, clock=Clock())
    body = {**CLAIMS, "iat": int(NOW), "exp": int(NOW) + 60}
    parts = b".".join(encoded(part) for part in ({"alg": "EdDSA", "kid": "k"}, body))
    signature = base64.urlsafe_b64encode(key.get_op_key("sign").sign(parts)).rstrip(b"=")
    assert verifier.verify((parts + b"." + signature).decode()).subject == "staff-7"


def test_an_audience_among_several_is_accepted_from_an_identity_provider(town: Town) -> None:
    assert town.verifier.verify(town.signed(aud=["other", HERE])).subject == "staff-7"


def test_clocks_may_differ_a_little(town: Town) -> None:
    token = town.signed(exp=int(NOW) + 10)
    town.clock.now = NOW + 12
    assert town.verifier.verify(token).subject == "staff-7"


@pytest.mark.parametrize("level", [0, 3])
def test_clearance_is_carried(town: Town, level: int) -> None:
    assert town.verifier.verify(town.signed(clearance=level)).clearance == level


@pytest.mark.parametrize("purpose", [..., None, ""])
def test_a_token_without_a_purpose_is_told_so(town: Town, purpose: object) -> None:
    with pytest.raises(PurposeMissing):
        town.verifier.verify(town.signed(purpose=purpose))


def test_an_issuer_of_our_own_claims_speaks_for_its_province_alone(town: Town, tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text(json.dumps(public_jwks(town.idp)))
    for province, believed in (("320000", True), ("330000", False)):
        verifier = Verifier(HERE, {"idp": tmp_path / "jwks.json"}, province=province, clock=town.clock)
        if believed:
            assert verifier.verify(town.signed()).jurisdiction == "320102003"
        else:
            with pytest.raises(Unauthenticated) as refused:
                verifier.verify(town.signed())
            assert refused.value.extensions == {"code": "UNAUTHENTICATED", "reason": "AGENCY_REFUSED"}


def test_checked_claims_of_a_sign_in_are_the_same_viewer(town: Town) -> None:
    claims = {**CLAIMS, "exp": NOW + 600}
    viewer = town.verifier.viewer_of_claims("idp", claims, key_id="oidc")
    assert viewer == replace(town.verifier.verify(town.signed()), key_id="oidc")
    for issuer in ("gateway.330000", "https://evil.example"):
        with pytest.raises(Unauthenticated):
            town.verifier.viewer_of_claims(issuer, claims, key_id="oidc")
    with pytest.raises(Unauthenticated):
        town.verifier.viewer_of_claims("idp", {**claims, "act": {"sub": "idp"}}, key_id="oidc")


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_any_signed_claims_are_a_viewer_or_refused(town: Town, data: st.DataObject) -> None:
    json_like: Any = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    )
    names = [*CLAIMS, "iat", "exp", "nbf", "jti", "act", "via", "origin", "person", "case_number", "clearance"]
    names.remove("iss")
    changed = data.draw(st.dictionaries(st.sampled_from(names), json_like, min_size=1, max_size=3))
    try:
        viewer = town.verifier.verify(town.signed(**changed))
    except (Unauthenticated, PurposeMissing):
        return
    assert viewer.roles <= set(Role.__members__)
    assert (viewer.purpose in Purpose.__members__, viewer.via, viewer.origin) == (True, (), None)


def test_nobody_is_named_twice(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="named both"):
        Verifier(HERE, {"a": tmp_path}, {"a": Peer(tmp_path)})


@pytest.mark.parametrize("mode", ["production", "", "DEMO", "test"])
def test_the_development_issuer_exists_in_demo_mode_only(tmp_path: Path, mode: str) -> None:
    with pytest.raises(RuntimeError, match="demo mode only"):
        DevIssuer(tmp_path, mode=mode, audience=HERE)
    assert list(tmp_path.iterdir()) == []


def test_the_development_issuer_keeps_its_key(tmp_path: Path, town: Town) -> None:
    first, second = (DevIssuer(tmp_path, mode="demo", audience=HERE, clock=town.clock) for _ in range(2))
    verifier = Verifier(HERE, {first.name: first.jwks}, clock=town.clock)
    assert verifier.verify(second.issue(WORKER, "AFTERCARE")).subject == "staff-7"
