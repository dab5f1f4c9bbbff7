"""Whose word is taken, and the keys by which it is known."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gateway.settings.forms import File, Files, NamedFiles, Peers, RedisUrl, Room, variable


class Trust(Room):
    """Whose word is taken, and the keys by which it is known."""

    heading = "Whose word is taken, and keys"

    issuers: NamedFiles = Field(
        {},
        description="Who may issue tokens that bear this graph's own claims, for staff of this province, each as "
        "`name=path` with its file of public keys (JWKS). Other providers: `YITI_ISSUER_FILES`.",
    )
    issuer_files: Files = Field(
        (),
        description="YAML files, each describing one identity provider: where its keys are, what its claims mean, "
        "for whom it may speak (docs/operate.md). In production these, or `YITI_ISSUERS`, are needed.",
    )
    peers: Peers = Field(
        {},
        description="Other gateways that may ask and be asked, each as `name@province=path`: the GB/T 2260 code of "
        "the province whose staff it speaks for, and its file of public keys (JWKS).",
    )
    token_key_file: File | None = Field(
        None, description="File with the key that makes pseudonyms, the same in all provinces. Needed in production."
    )
    token_epoch: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,20}$")] = Field(
        "1", description="Names the pseudonym key's epoch; change it together with the key."
    )
    index_key_file: File | None = Field(
        None, description="File with the key that protects the identity index and cache. Needed in production."
    )
    signing_key_file: File | None = Field(
        None,
        description="File with this gateway's own Ed25519 key (JWK), for peers and checkpoints. Needed with peers.",
    )
    replay_store: Literal["memory", "sqlite", "redis"] = Field(
        "memory",
        description="Where used statements of other gateways are remembered for their minute: `memory` forgets at a "
        "restart, `sqlite` (a file in `YITI_STATE`) does not, `redis` serves replicas that share one name.",
    )
    replay_redis_url: RedisUrl | None = Field(
        None, description="Redis for `YITI_REPLAY_STORE=redis`, such as `rediss://:password@host:6379/0`."
    )

    @model_validator(mode="after")
    def _replay_in_redis_has_one(self) -> Trust:
        if (self.replay_store == "redis") != (self.replay_redis_url is not None):
            raise ValueError(
                f"{variable('replay_store')}=redis and {variable('replay_redis_url')} go together; "
                "set both or neither"
            )
        return self
