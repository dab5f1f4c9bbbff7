"""Published code tables of persons, from the standard's code to the names of schema/enums or to the term."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SEX: Mapping[str, str] = MappingProxyType({"0": "UNKNOWN", "1": "MALE", "2": "FEMALE", "9": "UNSPECIFIED"})
"""GB/T 2261.1 to Sex."""

MARITAL_STATUS: Mapping[str, str] = MappingProxyType(
    {
        "10": "UNMARRIED",
        "20": "MARRIED",
        "21": "FIRST_MARRIAGE",
        "22": "REMARRIED",
        "23": "REMARRIED_TO_SAME",
        "30": "WIDOWED",
        "40": "DIVORCED",
        "90": "UNSPECIFIED",
    }
)
"""GB/T 2261.2 to MaritalStatus."""

_EDUCATION_BY_FIRST_DIGIT = {
    "1": "GRADUATE_SCHOOL",
    "2": "UNDERGRADUATE",
    "3": "JUNIOR_COLLEGE",
    "4": "SECONDARY_VOCATIONAL",
    "6": "SENIOR_HIGH",
    "7": "JUNIOR_HIGH",
    "8": "PRIMARY",
    "9": "OTHER",
}

EDUCATION: Mapping[str, str] = MappingProxyType(
    {first + second: name for first, name in _EDUCATION_BY_FIRST_DIGIT.items() for second in "0123456789"}
)
"""GB/T 4658 to Education; the second digit tells finished from broken off and is not kept."""

_RELATION_BY_FIRST_DIGIT = {
    "0": "OTHER",  # the person, or the head of the household
    "1": "SPOUSE",
    "2": "CHILD",
    "3": "CHILD",
    "4": "OTHER",  # grandchildren
    "5": "PARENT",
    "6": "OTHER",  # grandparents
    "7": "SIBLING",
    "8": "OTHER",
    "9": "OTHER",
}
# 女婿, 儿媳, 公公, 婆婆, 岳父, 岳母, 嫂, 弟媳, 姐夫, 妹夫 stand under their spouses' digits.
_IN_LAWS = ("28", "38", "53", "54", "55", "56", "72", "74", "76", "78")

RELATION: Mapping[str, str] = MappingProxyType(
    _RELATION_BY_FIRST_DIGIT
    | {first + second: name for first, name in _RELATION_BY_FIRST_DIGIT.items() for second in "0123456789"}
    | dict.fromkeys(_IN_LAWS, "OTHER")
)
"""GB/T 4761, one digit or two, folded to Relation."""

_ETHNIC_GROUPS = (
    "汉族 Han,蒙古族 Mongol,回族 Hui,藏族 Zang,维吾尔族 Uygur,苗族 Miao,彝族 Yi,壮族 Zhuang,布依族 Buyei,"
    "朝鲜族 Chosen,满族 Man,侗族 Dong,瑶族 Yao,白族 Bai,土家族 Tujia,哈尼族 Hani,哈萨克族 Kazak,傣族 Dai,黎族 Li,"
    "傈僳族 Lisu,佤族 Va,畲族 She,高山族 Gaoshan,拉祜族 Lahu,水族 Sui,东乡族 Dongxiang,纳西族 Naxi,景颇族 Jingpo,"
    "柯尔克孜族 Kirgiz,土族 Tu,达斡尔族 Daur,仫佬族 Mulao,羌族 Qiang,布朗族 Blang,撒拉族 Salar,毛南族 Maonan,"
    "仡佬族 Gelao,锡伯族 Xibe,阿昌族 Achang,普米族 Pumi,塔吉克族 Tajik,怒族 Nu,乌孜别克族 Uzbek,俄罗斯族 Russ,"
    "鄂温克族 Ewenki,德昂族 Deang,保安族 Bonan,裕固族 Yugur,京族 Gin,塔塔尔族 Tatar,独龙族 Derung,鄂伦春族 Oroqen,"
    "赫哲族 Hezhen,门巴族 Monba,珞巴族 Lhoba,基诺族 Jino"
)
_NAMED = {f"{number:02}": pair.split(" ") for number, pair in enumerate(_ETHNIC_GROUPS.split(","), start=1)}

ETHNIC_GROUPS: Mapping[str, str] = MappingProxyType(
    {code: chinese for code, (chinese, _) in _NAMED.items()} | {"97": "其他", "98": "外国血统中国籍人士"}
)
"""GB/T 3304 to the Chinese name; 97 and 98 are added by the household registration of the police."""

ETHNIC_GROUPS_ROMANISED: Mapping[str, str] = MappingProxyType(
    {code: romanised for code, (_, romanised) in _NAMED.items()} | {"97": "Other", "98": "Naturalised"}
)
"""GB/T 3304 to the romanised name."""
