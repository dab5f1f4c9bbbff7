"""Who somebody is, by the national standards, and by what they are known."""

from __future__ import annotations

from enum import Enum


class Sex(Enum):
    """GB/T 2261.1."""

    UNKNOWN = "未知的性别"
    MALE = "男"
    FEMALE = "女"
    UNSPECIFIED = "未说明的性别"


class MaritalStatus(Enum):
    """GB/T 2261.2."""

    UNMARRIED = "未婚"
    MARRIED = "已婚"
    FIRST_MARRIAGE = "初婚"
    REMARRIED = "再婚"
    REMARRIED_TO_SAME = "复婚"
    WIDOWED = "丧偶"
    DIVORCED = "离婚"
    UNSPECIFIED = "未说明的婚姻状况"


class Education(Enum):
    """GB/T 4658, first digit."""

    GRADUATE_SCHOOL = "研究生教育"
    UNDERGRADUATE = "大学本科教育"
    JUNIOR_COLLEGE = "大学专科教育"
    SECONDARY_VOCATIONAL = "中等职业教育"
    SENIOR_HIGH = "普通高级中学教育"
    JUNIOR_HIGH = "初级中学教育"
    PRIMARY = "小学教育"
    OTHER = "其他"


class NameKind(Enum):
    """What another name of a person is."""

    FORMER = "曾用名"
    ALIAS = "绰号/别名"
    ROMANISED = "拼音"


class DocumentKind(Enum):
    """What a document number is a number of."""

    RESIDENT_ID = "居民身份证"
    PASSPORT = "护照"
    MAINLAND_TRAVEL_PERMIT = "港澳居民来往内地通行证"
    RESIDENCE_PERMIT = "外国人永久居留身份证"
    OTHER = "其他证件"


class Relation(Enum):
    """GB/T 4761, folded."""

    SPOUSE = "配偶"
    PARENT = "父母"
    CHILD = "子女"
    SIBLING = "兄弟姐妹"
    OTHER = "其他"
