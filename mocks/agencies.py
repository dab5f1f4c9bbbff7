"""The agencies of the imitation world: one fixed, fictional list that manifests and lives both point at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from mocks.places import COUNTIES, PROVINCES, TOWNSHIPS, township_name


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency; `kind` is a name of schema.enums.AgencyKind, `jurisdiction` a GB/T 2260 or township code."""

    code: str
    name: str
    kind: str
    jurisdiction: str


def _agency(code: str, name: str, kind: str, jurisdiction: str) -> Agency:
    return Agency(code, f"{name}（模拟）", kind, jurisdiction)


POLICE: Mapping[str, Agency] = {
    county: _agency(f"{county}000000", f"{name}公安局", "POLICE", county)
    for counties in PROVINCES.values()
    for county, name in counties.items()
}
"""County -> its police bureau, GA/T 380 style."""

STATIONS: Mapping[str, Agency] = {
    county: _agency(f"{county}510000", f"{COUNTIES[county]}柳堤派出所", "POLICE_STATION", county) for county in POLICE
}
"""County -> the police station responsible for residents."""

COMMUNITY: Mapping[str, Agency] = {
    county: _agency(f"{county}701000", f"{COUNTIES[county]}社区戒毒社区康复工作站", "COMMUNITY_STATION", county)
    for county in POLICE
}
"""County -> its community treatment and recovery station."""

OFFICES: Mapping[str, Agency] = {
    township: _agency(f"{township}000", f"{township_name(township)}办事处", "TOWNSHIP", township)
    for townships in TOWNSHIPS.values()
    for township in townships
}
"""Township -> its office."""

FACILITIES: Mapping[str, tuple[Agency, ...]] = {
    "320000": (
        _agency("321183301", "青禾强制隔离戒毒所", "ISOLATION_FACILITY", "321183"),
        _agency("320312302", "北湖强制隔离戒毒所", "ISOLATION_FACILITY", "320312"),
        _agency("320902303", "海风女子强制隔离戒毒所", "ISOLATION_FACILITY", "320902"),
    ),
    "330000": (_agency("330502301", "云溪强制隔离戒毒所", "ISOLATION_FACILITY", "330502"),),
}
HEADQUARTERS: tuple[Agency, ...] = (
    _agency("320000000000", "江苏省公安厅", "POLICE", "320000"),
    _agency("330000000000", "浙江省公安厅", "POLICE", "330000"),
    _agency("320000300000", "江苏省戒毒管理局", "ISOLATION_FACILITY", "320000"),
    _agency("320000700000", "江苏省社区戒毒社区康复指导中心", "COMMUNITY_STATION", "320000"),
    _agency("330000700000", "浙江省社区戒毒社区康复指导中心", "COMMUNITY_STATION", "330000"),
)
"""The province's own offices, which own its systems."""
REHABILITATION = _agency("321183401", "禾安戒毒康复所", "REHABILITATION_CENTRE", "321183")
AFTERCARE: Mapping[str, Agency] = {
    "320000": _agency("320000800000", "江苏省戒毒后续照管总站", "AFTERCARE", "320000"),
    "330000": _agency("330000800000", "浙江省戒毒后续照管指导中心", "AFTERCARE", "330000"),
}
CIVIL_AFFAIRS = _agency("320000810000", "江苏省社会救助服务中心", "CIVIL_AFFAIRS", "320000")
EMPLOYMENT = _agency("320000820000", "江苏省就业服务中心", "EMPLOYMENT", "320000")
HOSPITALS: tuple[Agency, ...] = (
    _agency("320000830001", "宁澜戒毒医院", "HOSPITAL", "320104"),
    _agency("320000830002", "吴淞江医院", "HOSPITAL", "320506"),
)

ALL: Mapping[str, Agency] = {
    agency.code: agency
    for agency in chain(
        POLICE.values(),
        STATIONS.values(),
        COMMUNITY.values(),
        OFFICES.values(),
        *FACILITIES.values(),
        HEADQUARTERS,
        (REHABILITATION, *AFTERCARE.values(), CIVIL_AFFAIRS, EMPLOYMENT, *HOSPITALS),
    )
}
"""Code -> agency."""
