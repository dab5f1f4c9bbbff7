"""A gateway's log by its settings: where it is kept, who signs it, who witnesses it, whose logs it witnesses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.contract import AdapterError, PeerRequest
from adapters.drivers.http import HttpClient, Request
from adapters.manifest import SubgraphSource
from gateway.audit.event import EventRecord, Kind
from gateway.audit.keeping import KeptLog
from gateway.audit.log import SqliteAuditLog
from gateway.audit.note import COSIGNATURE, NoteKey
from gateway.audit.signer import Cosigner, Ed25519Signer, LogSigner
from gateway.audit.submitting import KnownWitness, Send
from gateway.audit.witness import Witness
from gateway.errors import AuditUnavailable
from gateway.keys import KeyFileError, PublicKeys, SigningKey, make_signing_key, read_public_keys, read_signing_key
from gateway.settings import Settings
from gateway.sources.registry import OpenSource

log = logging.getLogger("yiti.audit")

PATH: Final = "/federation/audit/add-checkpoint"
_OWN_KEY: Final = "audit.key.json"
_TIMEOUT: Final = timedelta(seconds=10)
_LARGEST_ANSWER: Final = 10_000

Sign = Callable[[PeerRequest], str]


def origin_of(gateway: str) -> str:
    """The name under which a gateway's log is signed."""
    return f"{gateway}/audit"


def witness_of(gateway: str) -> str:
    """The name under which a gateway signs as a witness."""
    return f"{gateway}/witness"


def signing_key(settings: Settings) -> SigningKey:
    """The key that signs the log: the gateway's own one, else one that is made at first and readable by its owner."""
    if settings.signing_key_file is not None:
        return read_signing_key(settings.signing_key_file)
    demo = settings.state / "signing.key.json"
    return make_signing_key(demo if settings.demo else settings.state / _OWN_KEY)


def log_signer(settings: Settings, key: SigningKey | None = None) -> LogSigner:
    """Who signs this gateway's log."""
    return LogSigner(origin_of(settings.name), Ed25519Signer.of(key or signing_key(settings)))


async def open_log(settings: Settings, signer: LogSigner | None = None, *, beside: bool = False) -> KeptLog:
    """This gateway's log, to be written; AuditUnavailable when it cannot be, KeyFileError for its key.

    `beside`: also while a gateway holds it, as a log in PostgreSQL always can be.
    """
    signer = signer or log_signer(settings)
    if settings.audit_url is None:
        return await asyncio.to_thread(SqliteAuditLog, settings.audit_file, signer, beside=beside)
    from gateway.audit.postgresql import PostgresAuditLog  # asyncpg is an optional dependency

    return await PostgresAuditLog.open(settings.audit_url.get_secret_value(), signer)


def open_witness(settings: Settings) -> Witness:
    """What this gateway keeps of its peers' logs; AuditUnavailable where it cannot be opened."""
    path = witness_file(settings)
    try:
        return Witness(path, Cosigner(witness_of(settings.name), Ed25519Signer.of(signing_key(settings))))
    except (apsw.Error, OSError) as error:
        raise AuditUnavailable(f"{path.name} cannot be opened; see its folder and disk.") from error


def witness_file(settings: Settings) -> Path:
    """Where it is kept."""
    return settings.state / "witness.sqlite"


def peer_log(settings: Settings, name: str) -> Sequence[NoteKey]:
    """Under which keys a peer signs its log, as its file has them now; none where they cannot be read."""
    try:
        public = _raw(read_public_keys(settings.peers[name].keys))
    except (KeyError, KeyFileError):
        log.warning("audit: the keys of %s cannot be read, so its log is not witnessed", name)
        return ()
    return [NoteKey(origin_of(name), one) for one in public]


def known_witnesses(
    settings: Settings, sources: Mapping[str, OpenSource], sign: Sign | None
) -> list[tuple[KnownWitness, HttpClient]]:
    """Peers that are asked anyway and have keys here keep our checkpoints too; each with what is to be closed."""
    found = []
    for source in sources.values():
        where = source.manifest.source
        if sign is None or not isinstance(where, SubgraphSource) or where.locator is None:
            continue
        peer = settings.peers.get(where.audience)
        if peer is None:
            continue
        name = witness_of(where.audience)
        keys = [NoteKey(name, public, COSIGNATURE) for public in _raw(read_public_keys(peer.keys))]
        address = urlsplit(where.url)
        client = HttpClient(
            f"{address.scheme}://{address.netloc}",
            source=source.manifest.id,
            timeout=_TIMEOUT,
            concurrency=1,
            max_bytes=_LARGEST_ANSWER,
            headers={"content-type": "text/plain; charset=utf-8", "accept": "text/plain"},
            tls=where.tls,
            transport=settings.http_transport,
        )
        found.append((KnownWitness(name, keys, _sender(client, where, sign)), client))
    return found


def gateway_event(settings: Settings, action: str, policy_version: str) -> EventRecord:
    """That this gateway started or stopped, under which policies."""
    return EventRecord(
        at=datetime.now(UTC),
        kind=Kind.GATEWAY,
        action=action,
        outcome="OK",
        jurisdiction=settings.province,
        details={"gateway": settings.name, "policy_version": policy_version},
    )


def _sender(client: HttpClient, where: SubgraphSource, sign: Sign) -> Send:
    target = f"{(where.locator or '').rpartition('/federation/')[0]}{PATH}"

    async def send(body: bytes) -> tuple[int, str]:
        def signed() -> Mapping[str, str]:
            return {"authorization": f"Bearer {sign(PeerRequest(where.audience, 'POST', target, body))}"}

        try:
            answer = await client.send(Request(target.removeprefix("/"), "POST", content=body, signed=signed))
        except AdapterError as error:
            raise ConnectionError(str(error)) from error
        return answer.status, answer.content.decode("utf-8", "replace")

    return send


def _raw(keys: PublicKeys) -> list[bytes]:
    """The Ed25519 keys among them."""
    public = [getattr(key, "public_key", None) for key in keys.keys]
    return [key.public_bytes_raw() for key in public if isinstance(key, Ed25519PublicKey)]
