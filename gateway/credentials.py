"""Whom a gateway believes and how it is believed: its verifier, its keys and its secrets, as settings name them."""

from __future__ import annotations

from pathlib import Path

from gateway.federation.replay.memory import MemoryReplay
from gateway.federation.replay.redis import RedisReplay
from gateway.federation.replay.sqlite import SqliteReplay
from gateway.federation.replay.store import ReplayStore
from gateway.issuers.configuration import IssuerFileError, read_issuer
from gateway.keys import SigningKey, make_signing_key, read_signing_key
from gateway.secret import keep_secret, read_secret
from gateway.settings import Settings, SettingsError
from gateway.tokens import DevIssuer, Verifier


def verifier_of(settings: Settings, issuer: DevIssuer | None) -> Verifier:
    """Of viewers' tokens and peers' statements; SettingsError where an issuer cannot be used."""
    issuers = dict(settings.issuers)
    if issuer is not None:
        issuers[issuer.name] = issuer.jwks
    try:
        described = [read_issuer(path) for path in settings.issuer_files]
        return Verifier(
            settings.name,
            issuers,
            settings.peers,
            described=described,
            kept=settings.state / "issuers",
            province=settings.province,
            replay=_replay(settings),
        )
    except (IssuerFileError, ValueError) as err:
        raise SettingsError(f"YITI_ISSUERS, YITI_ISSUER_FILES, YITI_PEERS: {err}") from err


def _replay(settings: Settings) -> ReplayStore:
    url = settings.replay_redis_url
    if url is not None:
        return RedisReplay(url.get_secret_value())
    return SqliteReplay(settings.replay_file) if settings.replay_store == "sqlite" else MemoryReplay()


def signing_key_of(settings: Settings) -> SigningKey | None:
    """What this gateway signs statements to its peers with, if it has peers or a demo to run."""
    if settings.signing_key_file is not None:
        return read_signing_key(settings.signing_key_file)
    return make_signing_key(settings.state / "signing.key.json") if settings.demo else None


def secret_of(path: Path | None, settings: Settings, name: str) -> bytes:
    """The secret in a file; without one, the one that is kept in the state folder under that name."""
    # Production never comes here without a path: the settings refuse that.
    return read_secret(path) if path is not None else keep_secret(settings.state / name)
