"""Where the access log is kept, who sees it, and what its report calls unusual."""

from __future__ import annotations

import re
from datetime import time
from importlib.util import find_spec

from pydantic import Field, SecretStr, field_validator

from gateway.settings.forms import Room, Words
from schema.enums import Purpose


class AccessLogSettings(Room):
    """Where it is kept, and who sees of it what."""

    heading = "The access log"

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

    @field_validator("audit_url")
    @classmethod
    def _postgresql(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.match(r"postgres(ql)?(\+asyncpg)?://", url.get_secret_value()):
            raise ValueError("must be an address such as postgresql://user@host/database")
        if url is not None and find_spec("asyncpg") is None:
            raise ValueError("asyncpg is not installed; pip install yiti[postgresql]")
        return url

    @field_validator("own_trail_without")
    @classmethod
    def _purposes(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if words == ("none",):
            return ()
        if set(words) - set(Purpose.__members__):
            raise ValueError(f"must be names of purposes, or none; there are {', '.join(Purpose.__members__)}")
        return words


class ReportSettings(Room):
    """From where on `yiti audit report` names somebody."""

    heading = "What the log's report calls unusual"

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
