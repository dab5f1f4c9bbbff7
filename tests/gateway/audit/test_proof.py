from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit import check_proof
from gateway.audit.note import SignedNote
from gateway.audit.proof import prove
from tests.gateway.audit.accesses import access
from tests.gateway.audit.kept import SIGNER, Place
from tests.gateway.audit.test_note import WITNESS
from tests.gateway.audit.test_tamper import OTHER

ALONE = ["-I", "-S"]  # neither this project nor any installed package can be imported


async def _proof(tmp_path: Path, *, witnessed: bool = False) -> Path:
    async with Place(tmp_path / "audit.sqlite").opened() as log:
        for number in range(11):
            await log.append(access(number))
        if witnessed:
            head = await log.head()
            await log.keep_cosignature(
                WITNESS.key.name, SignedNote(head.text, (*head.signatures, WITNESS.cosign(head)))
            )
        (tmp_path / "head.txt").write_text(str(await log.head()), "utf-8")
        await log.append(access(11))
        (entry,) = await log.pick([4])
        path = tmp_path / "entry.tlog-proof"
        path.write_text(await prove(log, entry), "utf-8")
        return path


def _checked(proof: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    alone = proof.parent / "check_proof.py"
    alone.write_bytes(Path(check_proof.__file__).read_bytes())
    return subprocess.run(
        [sys.executable, *ALONE, str(alone), str(proof), *arguments], capture_output=True, text=True, cwd=proof.parent
    )


async def test_a_proof_is_checked_by_a_script_that_needs_nothing_of_ours(tmp_path: Path) -> None:
    proof = await _proof(tmp_path)
    done = _checked(proof, "--key", str(SIGNER.key))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("holds: entry 4 is in the log js.example/audit as signed over 12 entries\n")
    assert '"request_id":"request-4"' in done.stdout
    assert '["person.name","IDENTITY","ALLOW",["C01-township-roster"]]' in done.stdout


async def test_a_proof_shows_who_else_saw_the_log(tmp_path: Path) -> None:
    proof = await _proof(tmp_path, witnessed=True)
    done = _checked(
        proof, "--key", str(SIGNER.key), "--witness", str(WITNESS.key), "--kept", str(tmp_path / "head.txt")
    )
    assert done.returncode == 0
    assert "holds: seen by zj.example/witness at 20" in done.stdout
    assert "holds: the kept checkpoint is the same tree" in done.stdout


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("index 4", "index 5"), "not in the tree"),
        (lambda text: text.replace("index 4", "index 40"), "outside the tree"),
        (lambda text: text.replace("\n12\n", "\n13\n"), "does not hold"),
        (lambda text: "\n".join(text.split("\n")[:3] + text.split("\n")[4:]), "too short"),
        (lambda text: text.replace("extra eyJ", "extra eyI"), "cannot be read"),
        (lambda text: text.replace("tlog-proof@v1", "tlog-proof@v9"), "cannot be read"),
    ],
)
async def test_a_proof_that_was_changed_does_not_hold(
    tmp_path: Path, change: Callable[[str], str], told: str
) -> None:
    proof = await _proof(tmp_path)
    proof.write_text(change(proof.read_text("utf-8")), "utf-8")
    done = _checked(proof, "--key", str(SIGNER.key))
    assert done.returncode > 0
    assert told in done.stderr


async def test_the_key_is_brought_along_and_not_taken_from_the_proof(tmp_path: Path) -> None:
    proof = await _proof(tmp_path)
    assert "not signed by" in _checked(proof, "--key", str(OTHER.key)).stderr
    assert "none of the witnesses" in _checked(proof, "--key", str(SIGNER.key), "--witness", str(WITNESS.key)).stderr


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_its_signatures_are_those_of_cryptography(seed: bytes, message: bytes, bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert check_proof.verifies(public, message, signature)
    assert not check_proof.verifies(public, message + b".", signature)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert not check_proof.verifies(public, message, bytes(changed))


def test_a_signature_of_another_length_or_a_scalar_too_large_does_not_hold() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"text")
    order = 2**252 + 27742317777372353535851937790883648493
    larger = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not check_proof.verifies(public, b"text", larger)
    assert not check_proof.verifies(public, b"text", signature[:-1])
    assert not check_proof.verifies(b"\xff" * 32, b"text", signature)
