"""Published code tables: GB/T 2260 regions with dates and successors, GB 11643 numbers, 2261, 3304, 4658."""

from schema.codes.gb11643 import IdNumber, check_digit, is_valid, parse, upgrade
from schema.codes.names import normalise_name
from schema.codes.regions import REGIONS, Region, Regions
from schema.codes.tables import (
    EDUCATION,
    ETHNIC_GROUPS,
    ETHNIC_GROUPS_ROMANISED,
    MARITAL_STATUS,
    RELATION,
    SEX,
)

__all__ = [
    "EDUCATION",
    "ETHNIC_GROUPS",
    "ETHNIC_GROUPS_ROMANISED",
    "MARITAL_STATUS",
    "REGIONS",
    "RELATION",
    "SEX",
    "IdNumber",
    "Region",
    "Regions",
    "check_digit",
    "is_valid",
    "normalise_name",
    "parse",
    "upgrade",
]
