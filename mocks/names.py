"""Names for synthetic people: common ones, compound surnames, rare characters and names with a dot."""

from __future__ import annotations

from random import Random

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范"
    "方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文单仇区查"
)
_COMPOUND = ("欧阳", "上官", "司徒", "慕容", "诸葛", "夏侯")
_MALE = "伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆博志海宁旭"
_FEMALE = "芳娜敏静丽艳娟霞婷雪玲倩颖洁琳慧萍红玉兰梅莉蓉佳瑶"
_RARE = ("䶮", "𬭊", "堃", "㛃", "犇", "喆")
_DOTTED = {
    "05": (
        ("阿不都热合曼", "迪力木拉提", "艾尔肯", "吐尔逊", "买买提明"),
        ("古丽娜尔", "迪丽热巴", "阿依努尔", "热依扎"),
    ),
    "02": (("巴特尔", "苏和", "朝鲁", "阿古拉"), ("乌云", "萨仁", "其其格", "娜仁")),
}
_FATHERS = {"05": ("阿不都热合曼", "迪力木拉提·阿不都热合曼", "吾买尔", "卡地尔"), "02": ("宝力德", "孟和", "特木尔")}
_ALIASES = ("阿东", "小马", "老六", "四眼", "阿海", "大头", "小北", "三毛", "黑皮", "阿珍")


def full_name(random: Random, sex: str, ethnicity: str = "01") -> str:
    """A whole name; with a middle dot for Uyghur and Mongol people."""
    if ethnicity in _DOTTED:
        men, women = _DOTTED[ethnicity]
        return f"{random.choice(men if sex == 'MALE' else women)}·{random.choice(_FATHERS[ethnicity])}"
    surname = random.choice(_COMPOUND) if random.random() < 0.03 else random.choice(_SURNAMES)
    return surname + given_name(random, sex)


def given_name(random: Random, sex: str) -> str:
    """One or two characters, now and then a rare one."""
    characters = _MALE if sex == "MALE" else _FEMALE
    given = random.choice(characters)
    if random.random() < 0.75:
        given += random.choice(characters)
    return given[:-1] + random.choice(_RARE) if random.random() < 0.04 else given


def surname_of(name: str) -> str:
    """The surname, compound ones included; the whole name where there is a dot."""
    if "·" in name:
        return name
    return next((name[:2] for compound in _COMPOUND if name.startswith(compound)), name[:1])


def alias(random: Random) -> str:
    """What they call him."""
    return random.choice(_ALIASES)
