"""What may be asked, how much of it and how often."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from gateway.settings.forms import File, Room, Words, variable


class Asking(Room):
    """How much, how often, by which documents."""

    heading = "What may be asked"

    max_body_bytes: int = Field(1_000_000, ge=1_000, le=50_000_000, description="Longest request body.")
    max_characters: int = Field(100_000, ge=1_000, description="Longest document.")
    max_tokens: int = Field(4_000, ge=10, description="Most tokens of a document.")
    max_definitions: int = Field(50, ge=1, description="Most operations and fragments of a document.")
    max_depth: int = Field(20, ge=1, description="Deepest nesting of fields.")
    max_fields: int = Field(1_000, ge=1, description="Most fields, each fragment counted wherever it is spread.")
    max_root_fields: int = Field(20, ge=1, description="Most fields on the first level.")
    max_aliases: int = Field(200, ge=0, description="Most aliases, after fragments.")
    max_directives: int = Field(200, ge=0, description="Most directives, after fragments.")
    max_repeats: int = Field(30, ge=1, description="How often one name may stand on one level, after fragments.")
    max_list_items: int = Field(
        20_000, ge=1, description="Most items that nested lists may ask for together: their sizes multiplied."
    )
    max_cost: int = Field(
        500_000,
        ge=1,
        description="Most units of estimated cost: 1 per field times its lists' sizes; per entity and source 10 and "
        "1 per person; 100 per search.",
    )
    trusted_documents: File | None = Field(
        None, description="File of registered documents, made by `yiti documents`; clients may send their hash alone."
    )
    trusted_only: bool = Field(
        False, description="Whether registered documents alone run. Other gateways' questions are exempt."
    )
    persisted_queries: int = Field(
        1_000,
        ge=0,
        le=100_000,
        description="How many documents are remembered for clients that send their hash alone afterwards (automatic "
        "persisted queries); 0: none. None with `YITI_TRUSTED_ONLY`.",
    )
    rate_per_minute: int = Field(
        6_000,
        ge=0,
        description="How many requests a minute one subject may send on average, a sixth of them at once; 0: any.",
    )
    introspection: bool = Field(True, description="Whether viewers may ask what the graph offers.")
    graphiql: bool | None = Field(
        None, description="Whether `/graphql` shows browsers the query editor; unset: in demo mode only."
    )
    cors_origins: Words = Field(
        (), description="Origins whose pages may read answers, such as `https://front.example`."
    )

    @field_validator("cors_origins")
    @classmethod
    def _exact_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            scheme, separator, rest = origin.partition("://")
            if scheme not in {"http", "https"} or not separator or not rest or set(rest) & set("/*?#@ "):
                raise ValueError("must be origins such as https://front.example, without path or wildcard")
        return origins

    @model_validator(mode="after")
    def _a_lock_has_its_registry(self) -> Asking:
        if self.trusted_only and self.trusted_documents is None:
            raise ValueError(
                f"{variable('trusted_only')} needs {variable('trusted_documents')}; name the file of registered ones"
            )
        return self
