"""What a gateway is told from outside: environment variables beginning with YITI_, each one documented here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from gateway.authorization.policy_set import DIRECTORY
from gateway.tokens import Peer
from schema.enums import Purpose

PREFIX: Final = "YITI_"


class SettingsError(Exception):
    """Settings that cannot be used: names each one, what is wrong with it and the fix, never a secret."""

    code = "SETTINGS"


Paths = Annotated[tuple[Path, ...], NoDecode]
NamedPaths = Annotated[Mapping[str, Path], NoDecode]
Peers = Annotated[Mapping[str, Peer], NoDecode]
Words = Annotated[tuple[str, ...], NoDecode]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]{2,60}$")]


class Settings(BaseSettings):
    """One gateway's settings. Lists are separated by commas, named files are written name=path."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)

    mode: Literal["demo", "production"] = Field(
        "production", description="`demo` has imitation viewers and makes its own keys; never with real people."
    )
    name: Name = Field(
        "yiti", description="This gateway's name: the audience of its viewers' tokens and the issuer of its own."
    )
    province: Annotated[str, Field(pattern=r"^\d{2}0000$")] = Field(
        description="GB/T 2260 code of the province that this gateway serves, such as `320000`."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")

    manifests: Paths = Field(description="Folders, each of whose `*.yaml` files describes one source.")
    townships: Paths = Field((), description="YAML files of township codes and names, which GB/T 2260 lacks.")
    state: Path = Field(Path("var"), description="Folder of what is kept: `audit.sqlite` and `identity.sqlite`.")

    policies: Path | None = Field(
        None,
        description="Folder of the policies: `schema.cedarschema`, `groups.yaml`, `*.cedar`. Unset: those that come "
        "with the program.",
    )
    policy_watch_seconds: float = Field(
        0.0,
        ge=0,
        le=3_600,
        description="How often that folder is looked at for a change, to read it again without a restart; 0: on the "
        "signal SIGHUP only. What has anything wrong is refused, and the old policies stay.",
    )
    issuers: NamedPaths = Field(
        {},
        description="Who may issue tokens that bear this graph's own claims, for staff of this province, each as "
        "`name=path` with its file of public keys (JWKS). Other providers: `YITI_ISSUER_FILES`.",
    )
    issuer_files: Paths = Field(
        (),
        description="YAML files, each describing one identity provider: where its keys are, what its claims mean, "
        "for whom it may speak (docs/operate.md). In production these, or `YITI_ISSUERS`, are needed.",
    )
    peers: Peers = Field(
        {},
        description="Other gateways that may ask and be asked, each as `name@province=path`: the GB/T 2260 code of "
        "the province whose staff it speaks for, and its file of public keys (JWKS).",
    )
    token_key_file: Path | None = Field(
        None, description="File with the key that makes pseudonyms, the same in all provinces. Needed in production."
    )
    token_epoch: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,20}$")] = Field(
        "1", description="Names the pseudonym key's epoch; change it together with the key."
    )
    index_key_file: Path | None = Field(
        None, description="File with the key that protects the identity index and cache. Needed in production."
    )
    signing_key_file: Path | None = Field(
        None,
        description="File with this gateway's own Ed25519 key (JWK), for peers and checkpoints. Needed with peers.",
    )

    replay_store: Literal["memory", "sqlite", "redis"] = Field(
        "memory",
        description="Where used statements of other gateways are remembered for their minute: `memory` forgets at a "
        "restart, `sqlite` (a file in `YITI_STATE`) does not, `redis` serves replicas that share one name.",
    )
    replay_redis_url: SecretStr | None = Field(
        None, description="Redis for `YITI_REPLAY_STORE=redis`, such as `rediss://:password@host:6379/0`."
    )

    deadline_seconds: float = Field(3.0, gt=0, le=60, description="How long one request may wait for its sources.")
    unshown_milliseconds: int = Field(
        100,
        ge=0,
        le=5_000,
        description="An answer that does not show somebody who was asked for leaves after a multiple of this, so "
        "that its time tells as little as may be whether there is such a person; 0: at once.",
    )
    http_transport: Literal["own", "httpx", "aiohttp"] = Field(
        "own",
        description="What carries the calls to HTTP sources: this project's own transport, httpx's, or aiohttp's "
        "(`pip install yiti[aiohttp]`).",
    )
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
    trusted_documents: Path | None = Field(
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

    console_issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")] | None = Field(
        None,
        description="OpenID Connect issuer at which auditors sign in to `/console`, such as "
        "`https://id.example/audit`; unset: personas in demo mode, and no console in production.",
    )
    console_client_id: str | None = Field(None, description="Name under which the issuer knows the console.")
    console_client_secret_file: Path | None = Field(
        None, description="File with the console's secret at the issuer; unset: a public client, by PKCE alone."
    )
    console_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#]+$")] | None = Field(
        None,
        description="Address by which browsers reach this gateway, such as `https://yiti.example`: the issuer sends "
        "them back to `/console/sign-in/callback` there.",
    )
    console_idle_minutes: float = Field(
        20.0, gt=0, le=480, description="After how long without a request a session of the console ends."
    )
    console_session_hours: float = Field(
        8.0, gt=0, le=24, description="After how long a session of the console ends in any case."
    )

    cache_ttl_seconds: float = Field(
        0.0, ge=0, le=3_600, description="How long source records are reused, encrypted; 0: never."
    )
    cache_redis_url: SecretStr | None = Field(
        None, description="Redis for gateways that share a cache; unset: each keeps its own in memory."
    )
    audit_url: SecretStr | None = Field(
        None,
        description="PostgreSQL database of the access log, for several gateways that share one log and one "
        "`YITI_SIGNING_KEY_FILE` (`pip install yiti[postgresql]`); unset: `audit.sqlite`.",
    )
    audit_witness_seconds: float = Field(
        60.0,
        ge=0,
        le=86_400,
        description="How often peers are handed the log's newest checkpoint, to keep and to sign; 0: never.",
    )
    audit_index_seconds: float = Field(
        1.0,
        gt=0,
        le=3_600,
        description="How often the access log's search index looks for new entries; searches wait for their own.",
    )
    own_trail_without: Words = Field(
        (Purpose.STATUTORY_QUERY.name,),
        description="Purposes kept off a person's own trail, which says so (个人信息保护法 35, 45), not off the "
        "auditors'. `none`: everything is shown.",
    )
    report_people_per_day: int = Field(
        50, ge=1, description="`yiti audit report`: from how many people in one day on an official is named."
    )
    report_after_hours: int = Field(
        3, ge=1, description="`yiti audit report`: from how many looks after hours on an official is named."
    )
    report_work_begins: time = Field(
        time(8), description="`yiti audit report`: when offices open on working days, China time."
    )
    report_work_ends: time = Field(time(18), description="`yiti audit report`: when they close.")
    report_officials_per_person: int = Field(
        10, ge=2, description="`yiti audit report`: from how many officials on a person is named whom they looked at."
    )
    report_refusals: int = Field(
        5, ge=1, description="`yiti audit report`: from how many refusals on an official is named."
    )
    report_review_hours: int = Field(
        72, ge=1, description="`yiti audit report`: within how many hours an emergency access has to be reviewed."
    )
    report_follow_up_days: int = Field(
        15, ge=1, description="`yiti audit report`: within how many days a handover follows a look for its sake."
    )
    refresh_seconds: float = Field(
        900.0,
        ge=0,
        description="How often the identity index is renewed from the sources' key lists; 0: at start only.",
    )
    demo_viewers: Path | None = Field(
        None, description="YAML list of the imitation viewers of demo mode; refused in production."
    )
    today: date | None = Field(
        None, description="The day that demo mode takes for today, such as `2026-11-01`; refused in production."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="From `info` on, each request is one line of JSON without personal values."
    )

    @field_validator("manifests", "townships", "issuer_files", "cors_origins", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(_parts(value)) if isinstance(value, str) else value

    @field_validator("issuers", mode="before")
    @classmethod
    def _issuers(cls, value: object) -> object:
        return _named(value, "name=path") if isinstance(value, str) else value

    @field_validator("peers", mode="before")
    @classmethod
    def _peers(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        peers: dict[str, Peer] = {}
        for where, path in _named(value, "name@province=path").items():
            name, _, province = where.partition("@")
            if not re.fullmatch(r"\d{2}0000", province) or name in peers:
                raise ValueError("must be name@province=path with the province's GB/T 2260 code, each name once")
            peers[name] = Peer(Path(path), province)
        return peers

    @field_validator("own_trail_without", mode="before")
    @classmethod
    def _purposes(cls, value: object) -> object:
        words = tuple(_parts(value)) if isinstance(value, str) else value
        if words == ("none",):
            return ()
        unknown = set(words) - set(Purpose.__members__) if isinstance(words, tuple) else ()
        if unknown:
            raise ValueError(f"must be names of purposes, or none; there are {', '.join(Purpose.__members__)}")
        return words

    @field_validator("cors_origins")
    @classmethod
    def _exact_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            scheme, separator, rest = origin.partition("://")
            if scheme not in {"http", "https"} or not separator or not rest or set(rest) & set("/*?#@ "):
                raise ValueError("must be origins such as https://front.example, without path or wildcard")
        return origins

    @field_validator("manifests")
    @classmethod
    def _folders(cls, paths: tuple[Path, ...]) -> tuple[Path, ...]:
        if not paths:
            raise ValueError("names no folder; name at least one with source manifests")
        for path in paths:
            if not path.is_dir():
                raise ValueError(f"{path} is not a folder")
        return paths

    @field_validator(
        "townships",
        "issuers",
        "issuer_files",
        "peers",
        "token_key_file",
        "index_key_file",
        "signing_key_file",
        "trusted_documents",
        "console_client_secret_file",
        "demo_viewers",
    )
    @classmethod
    def _files(cls, value: Any) -> Any:
        given = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else (value,)
        for one in given:
            path = one.keys if isinstance(one, Peer) else one
            if path is not None and not path.is_file():
                raise ValueError(f"{path} is not a file")
        return value

    @field_validator("policies")
    @classmethod
    def _policy_folder(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_dir():
            raise ValueError(f"{path} is not a folder")
        return path

    @field_validator("http_transport")
    @classmethod
    def _installed(cls, name: str) -> str:
        if name == "aiohttp" and find_spec("httpx_aiohttp") is None:
            raise ValueError("aiohttp is not installed; pip install yiti[aiohttp], or choose own or httpx")
        return name

    @field_validator("audit_url")
    @classmethod
    def _postgresql(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.match(r"postgres(ql)?(\+asyncpg)?://", url.get_secret_value()):
            raise ValueError("must be an address such as postgresql://user@host/database")
        if url is not None and find_spec("asyncpg") is None:
            raise ValueError("asyncpg is not installed; pip install yiti[postgresql]")
        return url

    @model_validator(mode="after")
    def _complete(self) -> Settings:
        missing = [name for name in ("token_key_file", "index_key_file") if not getattr(self, name)]
        if not self.issuers and not self.issuer_files:
            missing.insert(0, "issuer_files")
        if (self.peers or self.audit_url) and self.signing_key_file is None:
            missing.append("signing_key_file")
        if self.mode == "production" and missing:
            names = ", ".join(PREFIX + name.upper() for name in missing)
            raise ValueError(f"production needs {names}; set them, or set {PREFIX}MODE=demo for imitation people")
        if (self.replay_store == "redis") != (self.replay_redis_url is not None):
            raise ValueError(
                f"{PREFIX}REPLAY_STORE=redis and {PREFIX}REPLAY_REDIS_URL go together; set both or neither"
            )
        if self.trusted_only and self.trusted_documents is None:
            raise ValueError(
                f"{PREFIX}TRUSTED_ONLY needs {PREFIX}TRUSTED_DOCUMENTS; name the file of registered ones"
            )
        if self.console_issuer is not None and not (self.console_client_id and self.console_url):
            raise ValueError(
                f"{PREFIX}CONSOLE_ISSUER needs {PREFIX}CONSOLE_CLIENT_ID and {PREFIX}CONSOLE_URL; set both"
            )
        open_lines = [name for name in ("console_issuer", "console_url") if self._is_open_line(name)]
        if self.mode == "production" and open_lines:
            names = ", ".join(PREFIX + name.upper() for name in open_lines)
            raise ValueError(f"production signs auditors in by https alone; begin {names} with https://")
        imitation = [name for name in ("demo_viewers", "today") if getattr(self, name) is not None]
        if self.mode == "production" and imitation:
            names = ", ".join(PREFIX + name.upper() for name in imitation)
            raise ValueError(f"production knows no imitation viewers and days; unset {names}")
        return self

    def _is_open_line(self, name: str) -> bool:
        return (getattr(self, name) or "").startswith("http://")

    @property
    def demo(self) -> bool:
        """Whether everybody in here is imitation."""
        return self.mode == "demo"

    @property
    def policy_folder(self) -> Path:
        """Where the policies are read from."""
        return self.policies or DIRECTORY

    @property
    def editor(self) -> bool:
        """Whether the query editor is shown."""
        return self.demo if self.graphiql is None else self.graphiql

    @property
    def console(self) -> bool:
        """Whether there is a console: where auditors can sign in to it."""
        return self.demo or self.console_issuer is not None

    @property
    def audit_file(self) -> Path:
        """The access log."""
        return self.state / "audit.sqlite"

    @property
    def replay_file(self) -> Path:
        """The used statements of other gateways, with `replay_store` sqlite."""
        return self.state / "used-statements.sqlite"

    @property
    def search_file(self) -> Path:
        """The access log's search index."""
        return self.state / "search.sqlite"

    @property
    def registers_file(self) -> Path:
        """Consents and emergency accesses."""
        return self.state / "registers.sqlite"

    @property
    def identity_file(self) -> Path:
        """The identity index."""
        return self.state / "identity.sqlite"


def load(**given: object) -> Settings:
    """This process's settings, what is `given` before the environment; raises SettingsError with every problem."""
    _refuse_typos(os.environ)
    try:
        return Settings.model_validate(given)
    except ValidationError as err:
        raise SettingsError("\n".join(_problems(err))) from None  # the cause holds the rejected values


def table(settings: Settings) -> str:
    """Every setting with its present value; a secret is only said to be set."""
    rows = [(PREFIX + name.upper(), _shown(getattr(settings, name))) for name in Settings.model_fields]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def reference() -> str:
    """docs/settings.md: every setting with its default and meaning."""
    lines = [
        "# Settings",
        "",
        "Environment variables, read once at the start. Lists are separated by commas; named files are written",
        "`name=path`. A setting that cannot be used stops the start and says which, why and the fix.",
        "`yiti settings` prints the present values; `yiti settings --reference` prints this page.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "required" if field.is_required() else f"`{_shown(field.default)}`" if _shown(field.default) else ""
        lines.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _parts(text: str) -> Iterator[str]:
    return (part.strip() for part in text.split(",") if part.strip())


def _named(text: str, form: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for part in _parts(text):
        name, _, path = (side.strip() for side in part.partition("="))
        if not name or not path or name in named:
            raise ValueError(f"must be {form}, separated by commas, each name once")
        named[name] = path
    return named


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "(set)"
    if isinstance(value, Mapping):
        return ",".join(f"{name}{_file(target)}" for name, target in value.items())
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _file(target: object) -> str:
    return f"@{target.province}={target.keys}" if isinstance(target, Peer) else f"={target}"


def _refuse_typos(environment: Mapping[str, str]) -> None:
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    problems = []
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            meant = get_close_matches(name, known, n=1, cutoff=0.85)
            if meant:
                problems.append(f"{name}: is no setting. Did you mean {meant[0]}?")
    if problems:
        raise SettingsError("\n".join(problems))


def _problems(err: ValidationError) -> Iterator[str]:
    """One line per problem; pydantic's texts are taken where they do not repeat the value."""
    for problem in err.errors(include_url=False, include_input=False):
        place = [str(part) for part in problem["loc"]]
        name = PREFIX + place[0].upper() if place else "settings"
        if problem["type"] == "missing":
            yield f"{name}: is not set. {_meaning(place[0])}"
            continue
        text = problem["msg"].removeprefix("Value error, ")
        yield f"{name}: {text}. {_meaning(place[0]) if place else ''}".rstrip()


def _meaning(name: str) -> str:
    field = Settings.model_fields.get(name)
    return f"Set it: {field.description}" if field is not None and field.description else ""
