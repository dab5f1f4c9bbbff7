"""What an identity provider may say: of its own agencies, in its own roles, for the purposes that go with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.claims import ViewerClaims
from gateway.errors import GatewayError, PurposeMissing, PurposeNotGranted, Unauthenticated
from gateway.issuers.mapping import MappedClaims
from tests.gateway.issuers.files import CENTRE, POLICE, TOKEN, changed, described


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> MappedClaims:
    return MappedClaims(described(tmp_path_factory.mktemp("issuer")))


def why(reader: MappedClaims, claims: dict[str, Any]) -> str:
    with pytest.raises(GatewayError) as refused:
        reader.read(claims)
    shown = str(refused.value)
    assert not any(word in shown for word in ("p-0042", "320500000003", "janitor", "MARKETING", "模拟"))
    extensions = refused.value.extensions or {}
    return str(extensions.get("reason", extensions["code"]))


def test_claims_are_found_where_the_file_says(reader: MappedClaims) -> None:
    assert reader.read(TOKEN).model_dump(exclude={"agency"}) == {
        "sub": "p-0042",
        "roles": ["POLICE_CASE_OFFICER"],
        "purpose": "STATUTORY_QUERY",
        "case_number": "模拟刑立字〔2026〕7号",
        "person": None,
        "clearance": 1,
        "jti": "t-1",
        "origin": None,
        "act": None,
    }


def test_the_agency_is_the_one_that_the_operator_described(reader: MappedClaims) -> None:
    boast = {"code": POLICE["code"], "name": "公安部", "kind": "OVERSIGHT"}
    assert reader.read(changed(TOKEN, org=boast)).agency.model_dump() == POLICE


def test_a_token_may_narrow_its_agencys_jurisdiction(reader: MappedClaims) -> None:
    assert reader.read(changed(TOKEN, org__region="320505")).agency.jurisdiction == "320505"
    for wider in ("320000", "330106", "000000", "32", ["320505", "320506"], 320505):
        assert why(reader, changed(TOKEN, org__region=wider)) in {"AGENCY_REFUSED", "CLAIMS_UNUSABLE"}


NOT_ITS_OWN: dict[str, tuple[str, dict[str, Any]]] = {
    "another agency": ("AGENCY_REFUSED", {"org": {"code": "330100000001"}}),
    "no agency": ("AGENCY_REFUSED", {"org": ...}),
    "two agencies": ("CLAIMS_UNUSABLE", {"org": {"code": [POLICE["code"], CENTRE["code"]]}}),
    "an agency that is no text": ("AGENCY_REFUSED", {"org": {"code": 320500000002}}),
    "another agency's officer": ("ROLE_REFUSED", {"org": {"code": CENTRE["code"]}}),
    "an officer of another agency": ("ROLE_REFUSED", {"realm_access": {"roles": ["care"]}}),
    "one's own role and another's": ("ROLE_REFUSED", {"realm_access": {"roles": ["case", "care"]}}),
    "our name of a role": ("CLAIMS_UNUSABLE", {"realm_access": {"roles": ["AUDITOR"]}}),
    "roles that are no words": ("CLAIMS_UNUSABLE", {"realm_access": {"roles": [["case"]]}}),
    "no roles": ("CLAIMS_UNUSABLE", {"realm_access": ...}),
    "a purpose for others": ("PURPOSE_NOT_GRANTED", {"scope": "openid yiti:care"}),
    "two purposes": ("CLAIMS_UNUSABLE", {"scope": "yiti:query yiti:handoff"}),
    "our name of a purpose": ("PURPOSE_MISSING", {"scope": "AUDIT"}),
    "no purpose": ("PURPOSE_MISSING", {"scope": "openid"}),
    "an empty purpose": ("PURPOSE_MISSING", {"scope": ""}),
    "too high a clearance": ("CLEARANCE_REFUSED", {"clearance": "核心"}),
    "an unknown clearance": ("CLAIMS_UNUSABLE", {"clearance": "绝密"}),
    "a subject that is a number of a citizen": ("CLAIMS_UNUSABLE", {"sub": "329901199003070018"}),
    "no subject": ("CLAIMS_UNUSABLE", {"sub": ...}),
    "a subject in parts": ("CLAIMS_UNUSABLE", {"sub": {"a": "b"}}),
}


@pytest.mark.parametrize("boast", NOT_ITS_OWN)
def test_an_issuer_says_no_more_than_it_may(reader: MappedClaims, boast: str) -> None:
    reason, changes = NOT_ITS_OWN[boast]
    assert why(reader, changed(TOKEN, **changes)) == reason


def test_a_role_that_the_purpose_was_not_granted_to_is_left_out(tmp_path: Path) -> None:
    both = [{**POLICE, "roles": ["POLICE_CASE_OFFICER", "AFTERCARE_OFFICER"]}]
    reader = MappedClaims(described(tmp_path, agencies=both))
    claims = changed(TOKEN, realm_access={"roles": ["case", "care"]})
    assert reader.read(claims).roles == ["POLICE_CASE_OFFICER"]
    assert reader.read(changed(claims, scope="yiti:care")).roles == ["AFTERCARE_OFFICER"]


def test_a_purpose_may_be_the_same_for_all(tmp_path: Path) -> None:
    reader = MappedClaims(described(tmp_path, claims__purpose={"constant": "HANDOFF"}))
    assert reader.read(TOKEN).purpose == "HANDOFF"


def test_required_claims_must_hold_their_value(tmp_path: Path) -> None:
    reader = MappedClaims(described(tmp_path, require={"azp": "front-end", "case.open": True}))
    good = {**TOKEN, "azp": "front-end", "case": {"open": True}}
    assert reader.read(good).sub == "p-0042"
    for wrong in ({"azp": "another"}, {"azp": ["front-end"]}, {"case": {"open": 1}}, {"case": {}}):
        assert why(reader, {**good, **wrong}) == "CLAIM_REQUIRED"


def test_names_with_dots_are_written_as_lists(tmp_path: Path) -> None:
    reader = MappedClaims(described(tmp_path, claims__subject=["https://idp.example/claims", "id"]))
    assert reader.read({**TOKEN, "https://idp.example/claims": {"id": "p-1"}}).sub == "p-1"


WIDE = {
    "agencies": ...,
    "jurisdictions": ["320500", "320600"],
    "kinds": ["TOWNSHIP", "COMMUNITY_STATION"],
    "claims__agency_name": "org.name",
    "claims__agency_kind": "org.kind",
}
TOWNSHIP = {"code": "11320505MB1", "name": "示例街道", "kind": "TOWNSHIP", "region": "320505003"}


def test_tokens_may_describe_agencies_within_a_jurisdiction(tmp_path: Path) -> None:
    reader = MappedClaims(described(tmp_path, **WIDE))
    agency = reader.read({**TOKEN, "org": TOWNSHIP}).agency
    assert (agency.code, agency.kind, agency.jurisdiction) == ("11320505MB1", "TOWNSHIP", "320505003")
    for wrong in (
        {"region": "320102003"},
        {"region": "320000"},
        {"region": ...},
        {"kind": "POLICE"},
        {"kind": ...},
        {"region": ["320505003", "320505004"]},
    ):
        said = why(reader, changed({**TOKEN, "org": TOWNSHIP}, **{f"org__{name}": to for name, to in wrong.items()}))
        assert said in {"AGENCY_REFUSED", "CLAIMS_UNUSABLE"}
    assert why(reader, changed({**TOKEN, "org": TOWNSHIP}, org__name=...)) == "CLAIMS_UNUSABLE"


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["case", "care"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.sampled_from([*TOKEN, "act", "person"]), _JSON, min_size=1))
def test_whatever_a_token_says_stays_within_the_grants(reader: MappedClaims, said: dict[str, object]) -> None:
    try:
        found: ViewerClaims = reader.read({**TOKEN, **said})
    except (Unauthenticated, PurposeMissing, PurposeNotGranted):
        return
    assert found.agency.code in {POLICE["code"], CENTRE["code"]}
    assert found.roles == ["POLICE_CASE_OFFICER"]
    assert found.purpose in {"STATUTORY_QUERY", "HANDOFF"}
    assert (found.clearance <= 2, found.act, found.origin, found.person) == (True, None, None, None)
