"""Who holds a stretch of the journey, and how large a place it answers for."""

from __future__ import annotations

from enum import Enum


class AgencyKind(Enum):
    """The kinds of agency that hold a stretch of the journey."""

    POLICE = "公安机关"
    POLICE_STATION = "派出所"
    ISOLATION_FACILITY = "强制隔离戒毒所"
    REHABILITATION_CENTRE = "戒毒康复所"
    COMMUNITY_STATION = "社区戒毒社区康复工作站"
    TOWNSHIP = "乡镇人民政府、街道办事处"
    AFTERCARE = "司法行政后续照管部门"
    CIVIL_AFFAIRS = "民政部门"
    EMPLOYMENT = "人力资源社会保障部门"
    HOSPITAL = "戒毒医疗机构"
    GATEWAY = "省级一体化网关"
    OVERSIGHT = "审计监督部门"
    MEDICAL_SECURITY = "医疗保障部门"
    TAX = "税务机关"
    LEGAL_AID = "法律援助机构"
    SOCIAL_WORK = "禁毒社会工作服务机构"
    STATISTICS = "统计机构"


class JurisdictionLevel(Enum):
    """GB/T 2260 levels; township below it by GB/T 10114."""

    COUNTRY = "国家"
    PROVINCE = "省级"
    CITY = "地级"
    COUNTY = "县级"
    TOWNSHIP = "乡级"
