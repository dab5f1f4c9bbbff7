"""A published key set: what cannot check a signature here is left out, and the rest is used."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.issuers.jwks import NoUsableKey, usable_keys
from tests.gateway.issuers.provider import RSA

PUBLIC: dict[str, Any] = {**RSA[0].as_dict(private=False), "kid": "one"}
ALGORITHMS = ("RS256", "PS256", "Ed25519", "ES256")


def number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).rstrip(b"=").decode()


def test_each_kind_of_key_is_used_for_its_algorithms() -> None:
    keys = (RSA[0], ECKey.generate_key("P-256", auto_kid=True), OKPKey.generate_key("Ed25519", auto_kid=True))
    found = usable_keys({"keys": [key.as_dict(private=False) for key in keys]}, ALGORITHMS)
    assert [one.algorithms for one in found] == [{"RS256", "PS256"}, {"ES256"}, {"Ed25519"}]


def test_a_key_for_one_algorithm_is_used_for_no_other() -> None:
    (found,) = usable_keys({"keys": [{**PUBLIC, "alg": "PS256"}]}, ALGORITHMS)
    assert found.algorithms == {"PS256"}


LEFT_OUT: dict[str, tuple[object, str]] = {
    "no object": ("key", "no object"),
    "no kind": ({"kid": "k"}, "of another kind"),
    "a kind that is no text": ({"kty": ["RSA"], "kid": "k"}, "of another kind"),
    "a shared secret": ({"kty": "oct", "k": "c2VjcmV0", "kid": "k"}, "of another kind"),
    "a private key": ({**RSA[0].as_dict(private=True), "kid": "k"}, "private half"),
    "no kid": ({name: value for name, value in PUBLIC.items() if name != "kid"}, "without a kid"),
    "for encryption": ({**PUBLIC, "use": "enc"}, "not for signatures"),
    "for signing alone": ({**PUBLIC, "key_ops": ["sign"]}, "not for signatures"),
    "another algorithm": ({**PUBLIC, "alg": "RSA-OAEP"}, "other algorithms"),
    "another curve": (
        {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "k"},
        "other algorithms",
    ),
    "a key for agreement": ({**OKPKey.generate_key("X25519").as_dict(private=False), "kid": "k"}, "other algorithms"),
    "a point off the curve": ({"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ", "kid": "k"}, "not in JWK form"),
    "a short modulus": ({**PUBLIC, "n": number(2**1023 + 1)}, "outside 2048"),
    "an endless modulus": ({**PUBLIC, "n": number(2**9000 + 1)}, "outside 2048"),
    "an even modulus": ({**PUBLIC, "n": number(2**2047)}, "outside 2048"),
    "an exponent of one": ({**PUBLIC, "e": "AQ"}, "outside 2048"),
    "an endless exponent": ({**PUBLIC, "e": number(2**300 + 1)}, "outside 2048"),
    "a modulus that is no text": ({**PUBLIC, "n": 5}, "outside 2048"),
}


@pytest.mark.parametrize("why", LEFT_OUT)
def test_a_key_that_cannot_be_used_is_left_out(why: str) -> None:
    entry, said = LEFT_OUT[why]
    assert [one.key_id for one in usable_keys({"keys": [entry, PUBLIC]}, ALGORITHMS)] == ["one"]
    with pytest.raises(NoUsableKey, match=f"1 .*{said}"):
        usable_keys({"keys": [entry]}, ALGORITHMS)


@pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}, {"keys": []}, {"keys": [PUBLIC] * 101}])
def test_what_is_no_key_set_is_refused(document: object) -> None:
    with pytest.raises(NoUsableKey):
        usable_keys(document, ALGORITHMS)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*PUBLIC, "crv", "x", "y", "use", "key_ops", "alg"]), _JSON))
def test_any_other_entry_leaves_the_rest(changed: dict[str, object]) -> None:
    found = usable_keys({"keys": [{**PUBLIC, **changed}, PUBLIC]}, ALGORITHMS)
    assert found[-1].key_id == "one"
    assert all(isinstance(one.key, RSAKey) for one in found)
