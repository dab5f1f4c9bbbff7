"""The imitation viewers: who asks in the demo, for which agency and for what purpose."""

from __future__ import annotations

from collections.abc import Mapping

from mocks import agencies
from mocks.agencies import Agency

OVERSIGHT: Mapping[str, Agency] = {
    "jiangsu": Agency("320000900000", "江苏省禁毒工作审计组（模拟）", "OVERSIGHT", "320000"),
    "zhejiang": Agency("330000900000", "浙江省禁毒工作审计组（模拟）", "OVERSIGHT", "330000"),
}
STATISTICS = Agency("320000910000", "江苏省禁毒统计中心（模拟）", "STATISTICS", "320000")
HOME: Mapping[str, Agency] = {
    "jiangsu": Agency("320000990000", "本人", "OVERSIGHT", "320000"),
    "zhejiang": Agency("330000990000", "本人", "OVERSIGHT", "330000"),
}


def viewer(
    profile: str,
    title: str,
    agency: Agency,
    role: str,
    purpose: str,
    *,
    case_number: str | None = None,
    person: str | None = None,
) -> dict[str, object]:
    """One entry of a gateway's list of imitation viewers."""
    return {
        "profile": profile,
        "title": title,
        "subject": f"staff-{profile}" if person is None else "me",
        "agency": {
            "code": agency.code,
            "name": agency.name,
            "kind": agency.kind,
            "jurisdiction": agency.jurisdiction,
        },
        "roles": [role],
        "purpose": purpose,
        "case_number": case_number,
        "person": person,
    }


def viewers(province: str, themselves: Mapping[str, str]) -> list[dict[str, object]]:
    """The viewers of one province; `themselves` is title -> Person.id of people who may ask about themselves."""
    if province == "zhejiang":
        centre, office = agencies.AFTERCARE["330000"], agencies.OFFICES["330482901"]
        found = [
            viewer("aftercare-officer", "后续照管人员 Aftercare officer", centre, "AFTERCARE_OFFICER", "AFTERCARE"),
            viewer("township-worker", "街道专职人员 Township worker", office, "TOWNSHIP_WORKER", "HANDOFF"),
            viewer("auditor", "审计人员 Auditor", OVERSIGHT[province], "AUDITOR", "AUDIT"),
        ]
    else:
        station, facility = agencies.AFTERCARE["320000"], agencies.FACILITIES["320000"][0]
        police, office = agencies.POLICE["321183"], agencies.OFFICES["321183901"]
        found = [
            viewer("aftercare-officer", "后续照管人员 Aftercare officer", station, "AFTERCARE_OFFICER", "AFTERCARE"),
            viewer("township-worker", "街道专职人员 Township worker", office, "TOWNSHIP_WORKER", "HANDOFF"),
            viewer("release-officer", "出所民警 Release officer", facility, "FACILITY_RELEASE_OFFICER", "HANDOFF"),
            viewer("assessor", "诊断评估民警 Assessor", facility, "FACILITY_ASSESSOR", "ASSESSMENT"),
            viewer("police-officer", "办案民警 Police case officer", police, "POLICE_CASE_OFFICER", "HANDOFF"),
            viewer(
                "police-query",
                "依法查询民警 Police officer with a case number",
                police,
                "POLICE_CASE_OFFICER",
                "STATUTORY_QUERY",
                case_number="（模拟）刑立字〔2026〕0001号",
            ),
            viewer("clerk", "民政经办 Civil-affairs clerk", agencies.CIVIL_AFFAIRS, "CIVIL_AFFAIRS_CLERK", "SUPPORT"),
            viewer(
                "employment-clerk", "人社经办 Employment clerk", agencies.EMPLOYMENT, "EMPLOYMENT_CLERK", "SUPPORT"
            ),
            viewer("doctor", "戒毒医院医师 Hospital doctor", agencies.HOSPITALS[0], "HOSPITAL_DOCTOR", "TREATMENT"),
            viewer(
                "control-officer",
                "动态管控民警 Dynamic-control officer",
                police,
                "DYNAMIC_CONTROL_OFFICER",
                "HANDOFF",
            ),
            viewer("auditor", "审计人员 Auditor", OVERSIGHT[province], "AUDITOR", "AUDIT"),
            viewer("supervisor", "业务督导 Supervisor", OVERSIGHT[province], "SUPERVISOR", "AUDIT"),
            viewer("statistician", "统计人员 Statistician", STATISTICS, "STATISTICIAN", "STATISTICS"),
        ]
    found += [
        viewer(f"self-{number}", f"本人 {title}", HOME[province], "SUBJECT", "OWN_ACCESS", person=person)
        for number, (title, person) in enumerate(themselves.items(), 1)
    ]
    return found
