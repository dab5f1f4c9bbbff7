from __future__ import annotations

import base64
import hashlib
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.merkle import EMPTY_ROOT
from gateway.audit.note import COSIGNATURE, BadNote, Checkpoint, NoteKey, Signature, SignedNote
from gateway.audit.signer import Cosigner, Ed25519Signer, LogSigner
from gateway.keys import make_signing_key

SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
LOG = LogSigner("js.example/audit", SIGNER)
WITNESS = Cosigner("zj.example/witness", Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\2" * 32)))
NOTE = LOG.checkpoint(0, EMPTY_ROOT)

# An example of the Go checksum database, the oldest log in this format, with its published key.
GO_KEY = NoteKey.read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_of_the_go_checksum_database_verifies() -> None:
    note = SignedNote.read(GO_NOTE)
    assert note.signed_by(GO_KEY)
    assert str(note) == GO_NOTE
    assert not SignedNote.read(GO_NOTE.replace("answer", "anwser")).signed_by(GO_KEY)


def test_a_checkpoint_has_the_three_lines_and_the_signature_that_c2sp_asks_for() -> None:
    text, _, signed = str(NOTE).rpartition("\n\n")
    assert text + "\n" == f"js.example/audit\n0\n{base64.b64encode(EMPTY_ROOT).decode()}\n"
    dash, name, packed = signed.rstrip("\n").split(" ")
    key_id = hashlib.sha256(b"js.example/audit\n\x01" + SIGNER.public).digest()[:4]
    assert (dash, name, base64.b64decode(packed)[:4]) == ("\u2014", "js.example/audit", key_id)


def test_a_signed_checkpoint_is_read_back_and_verifies_with_its_key_alone() -> None:
    note = SignedNote.read(str(NOTE))
    assert note.checkpoint() == Checkpoint("js.example/audit", 0, EMPTY_ROOT)
    assert note.signed_by(LOG.key)
    assert not note.signed_by(WITNESS.key)
    assert not note.signed_by(NoteKey("other.example", SIGNER.public))


def test_a_cosignature_holds_for_its_text_and_time() -> None:
    signature = WITNESS.cosign(NOTE)
    both = SignedNote(NOTE.text, (*NOTE.signatures, signature))
    assert both.signed_by(WITNESS.key)
    assert both.signed_by(LOG.key)
    later = Signature(signature.name, signature.key_id, (9).to_bytes(8, "big") + signature.value[8:])
    assert not SignedNote(NOTE.text, (later,)).signed_by(WITNESS.key)


def test_keys_are_handed_over_as_text() -> None:
    for key in (LOG.key, WITNESS.key):
        assert NoteKey.read(str(key)) == key
    assert NoteKey.read(str(WITNESS.key)).kind == COSIGNATURE


@pytest.mark.parametrize("text", ["", "a", "a+00000000+AQ==", str(LOG.key)[:-4], str(LOG.key).replace("js", "zj")])
def test_other_texts_are_no_key(text: str) -> None:
    with pytest.raises(BadNote):
        NoteKey.read(text)


@pytest.mark.parametrize(
    "text",
    ["", "\n", "a\n1\n", "a\n01\nAA==\n", "a\n-1\n" + "A" * 44 + "\n", "a\n1\nAAAA\n", "\n1\n" + "A" * 43 + "=\n"],
)
def test_other_texts_are_no_checkpoint(text: str) -> None:
    with pytest.raises(BadNote):
        Checkpoint.read(text)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    for content in (text, str(NOTE) + text, text + str(NOTE)):
        try:
            SignedNote.read(content).checkpoint()
        except BadNote:
            continue


def test_a_key_file_signs(tmp_path: Path) -> None:
    path = tmp_path / "audit.key.json"
    first, again = (LogSigner("log", Ed25519Signer.of(make_signing_key(path))) for _ in range(2))
    assert first.key == again.key
    assert again.checkpoint(0, EMPTY_ROOT).signed_by(first.key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
