"""One identity provider as an operator's file describes it: its keys, its claims, and for whom it may speak."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Self

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from adapters.explaining import explain
from gateway.claims import AgencyKindName, Clearance, PurposeName, Region, RoleName, Title, Word
from gateway.issuers.fetch import check_address
from gateway.issuers.jws import ALGORITHMS, kind_of
from schema.enums import Purpose, Role


class IssuerFileError(Exception):
    """A file that describes no usable issuer: names the file, the place in it and the fix."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _address(text: str) -> str:
    check_address(text)
    return text


def _algorithm(name: str) -> str:
    if name not in ALGORITHMS:
        raise ValueError(f"is none of {', '.join(ALGORITHMS)}; `none` and shared secrets are never accepted")
    return name


def _known_roles(grants: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    unknown = grants.keys() - Role.__members__.keys()
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))} is no Role of this graph")
    return grants


def _steps(path: object) -> object:
    return path.split(".") if isinstance(path, str) else path


def _shorthand(value: object) -> object:
    return {"path": value} if isinstance(value, str | list) else value


Address = Annotated[str, AfterValidator(_address)]
Step = Annotated[str, Field(min_length=1)]
ClaimPath = Annotated[tuple[Step, ...], BeforeValidator(_steps), Field(min_length=1, max_length=10)]


class Claim(_Part):
    """Where a value stands in a token and how it is read. A bare text is the path alone."""

    path: ClaimPath | None = None
    """Names from the outside in: `realm_access.roles`, or a list where a name holds a dot."""
    split: Annotated[str, Field(min_length=1, max_length=3)] | None = None
    """What separates several words in one text, such as the blanks of `scope`."""
    values: Mapping[str, str | int] | None = None
    """The provider's word -> ours. Other words of a list then count for nothing; a lone other word is refused."""
    constant: str | int | None = None
    """The value where the token says nothing of it, because it is always the same."""

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if (self.path is None) == (self.constant is None):
            raise ValueError("needs either a path or a constant")
        if self.constant is not None and (self.split or self.values):
            raise ValueError("a constant is neither split nor looked up")
        return self


ClaimOf = Annotated[Claim, BeforeValidator(_shorthand)]


class Claims(_Part):
    """Where a token says what; docs/operate.md shows it by examples."""

    subject: ClaimOf = Claim(path=("sub",))
    agency: ClaimOf
    agency_name: ClaimOf | None = None
    agency_kind: ClaimOf | None = None
    jurisdiction: ClaimOf | None = None
    roles: ClaimOf
    purpose: ClaimOf
    clearance: ClaimOf | None = None
    case_number: ClaimOf | None = None
    person: ClaimOf | None = None


class Agency(_Part):
    """An agency that the issuer may speak for."""

    code: Word
    name: Title
    kind: AgencyKindName
    jurisdiction: Region
    roles: tuple[RoleName, ...] | None = None
    """Those of the issuer's roles that somebody of this agency may have; unset: all of them."""


class KeySourceFile(_Part):
    """Where the issuer's keys are: exactly one of discovery, `jwks_url` and `jwks_file`."""

    discovery: bool = False
    jwks_url: Address | None = None
    jwks_file: Path | None = None
    timeout_seconds: float = Field(5.0, gt=0, le=30)
    most_seconds: float = Field(3_600.0, ge=60, le=86_400)
    survive_seconds: float = Field(14_400.0, ge=0, le=7 * 86_400)
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum((self.discovery, self.jwks_url is not None, self.jwks_file is not None)) != 1:
            raise ValueError("needs exactly one of 'discovery: true', jwks_url and jwks_file")
        if self.key is not None and self.certificate is None:
            raise ValueError("names a key without its certificate")
        return self


class IssuerFile(_Part):
    """One identity provider."""

    issuer: Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[\x21-\x7e]+$")]
    """The `iss` of its tokens, to the letter."""
    audience: Word | None = None
    """The `aud` that its tokens bear; unset: the gateway's name."""
    keys: KeySourceFile
    algorithms: Annotated[tuple[Annotated[str, AfterValidator(_algorithm)], ...], Field(min_length=1)]
    types: Annotated[tuple[Annotated[str, AfterValidator(kind_of)], ...], Field(min_length=1)] = ("jwt", "at+jwt")
    """The `typ` headers that are taken; a token without one is a JWT."""
    longest_seconds: int = Field(3_600, ge=60, le=12 * 3_600)
    require: Mapping[str, str | int | bool] = {}
    """Paths of claims that must hold exactly this value, such as `azp: front-end`."""
    claims: Claims
    agencies: tuple[Agency, ...] = ()
    jurisdictions: tuple[Region, ...] = ()
    kinds: tuple[AgencyKindName, ...] = ()
    grants: Annotated[Mapping[str, tuple[PurposeName, ...]], AfterValidator(_known_roles), Field(min_length=1)]
    """The roles that it may give, each with the purposes that it may grant to that role."""
    highest_clearance: Clearance = 0

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        if self.keys.discovery:
            check_address(self.issuer)
        if bool(self.agencies) == bool(self.jurisdictions):
            raise ValueError("needs either agencies, or jurisdictions that bound what its tokens say of theirs")
        described = (self.claims.agency_name, self.claims.agency_kind, self.claims.jurisdiction)
        if self.jurisdictions and (None in described or not self.kinds):
            raise ValueError(
                "with jurisdictions, claims must map agency_name, agency_kind and jurisdiction, and kinds be listed"
            )
        if self.agencies and (self.kinds or described[:2] != (None, None)):
            raise ValueError("agencies state their names and kinds; leave out kinds, agency_name and agency_kind")
        codes = [agency.code for agency in self.agencies]
        if len(set(codes)) < len(codes):
            raise ValueError("an agency stands twice in agencies; list each once")
        words = set((self.claims.roles.values or {}).values()) - set(self.grants)
        if words:
            raise ValueError(f"claims.roles yields roles that grants lacks: {', '.join(sorted(map(str, words)))}")
        words = set((self.claims.purpose.values or {}).values()) - set(Purpose.__members__)
        if words:
            raise ValueError(f"claims.purpose yields unknown purposes: {', '.join(sorted(map(str, words)))}")
        beyond = {role for agency in self.agencies for role in agency.roles or ()} - set(self.grants)
        if beyond:
            raise ValueError(f"agencies name roles that grants lacks: {', '.join(sorted(beyond))}")
        return self


class _Loader(yaml.SafeLoader):
    """YAML whose mappings name each key once, and whose words are words: codes stay what they are when quoted."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[object, object]:
    found: dict[object, object] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable) or key in found:
            raise yaml.constructor.ConstructorError(None, None, f"{key} stands twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_SCHEMA: Final[Mapping[str, Any]] = IssuerFile.model_json_schema()


def read_issuer(path: Path) -> IssuerFile:
    """The issuer that a file describes; raises IssuerFileError. A `jwks_file` is found beside the file."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 a SafeLoader underneath
    except (OSError, ValueError) as err:
        raise IssuerFileError(f"{path}: cannot be read ({type(err).__name__}). Let this process read it.") from None
    except yaml.YAMLError as err:
        raise IssuerFileError(f"{path}: cannot be read as YAML: {err}. Correct its syntax.") from None
    if not isinstance(raw, dict):
        raise IssuerFileError(f"{path}: holds no mapping. Begin with 'issuer:'; docs/operate.md has examples.")
    try:
        found = IssuerFile.model_validate(raw)
    except ValidationError as err:
        raise IssuerFileError(f"{path}: {explain(err, raw, _SCHEMA)}") from None
    if found.keys.jwks_file is None:
        return found
    beside = found.keys.model_copy(update={"jwks_file": path.parent / found.keys.jwks_file})
    return found.model_copy(update={"keys": beside})
