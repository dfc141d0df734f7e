"""Masks: what a reader sees of a value he may not read in full (PERM-6).

A mask says what kind of thing is there and lets two people on the phone compare notes, no more.
The number of stars is fixed, so that a mask doesn't tell the length of what it hides.
"""

import re
from types import MappingProxyType
from typing import Literal

from app.spec.text import fold

MaskKind = Literal["phone", "email", "money", "address", "id_number", "bank_account", "name"]

STARS = "****"
_TWO_CHARACTER_SURNAMES = """
欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 长孙 宇文 司徒 夏侯 轩辕 端木 百里 南宫 申屠 澹台
太史 闻人 独孤 司空 呼延 拓跋 万俟 赫连 钟离 濮阳 淳于 单于 欧陽 司馬 東方 諸葛 慕容
"""
_DOUBLE_SURNAMES = frozenset(_TWO_CHARACTER_SURNAMES.split())
_PROVINCE = "[\u4e00-\u9fff]{2,7}?(?:省|自治区|特别行政区)"
_CITY = "[\u4e00-\u9fff]{2,7}?(?:市|自治州|地区|盟)"
_REGION = re.compile(f"(?:{_PROVINCE})?(?:{_CITY})?")


def mask(kind: MaskKind, value: str) -> str:
    """The value with its telling part replaced by stars; an empty value stays empty.

    phone ``138****1234`` (shorter numbers keep two digits at both ends, short ones none), e-mail
    ``a***@d.com``, id number ``1****X``, bank account ``****1234``, address: province and city
    stay, money: nothing stays, name: the family name stays (``张**``, ``*** Smith``).
    Masking a mask changes nothing.
    """
    value = value.strip()
    if not value or looks_masked(kind, value):
        return value
    return _MASKS[kind](value)


def looks_masked(kind: MaskKind, value: str) -> bool:
    """Whether a submitted value is a mask, whole or half edited, and so must never be stored.

    No phone, e-mail, number or amount has a star in it; names and addresses may have one, but
    not two in a row. Full-width stars count.
    """
    stars = "**" if kind in ("name", "address") else "*"
    return stars in fold(value)


def _phone(value: str) -> str:
    if len(value) >= 11:
        return f"{value[:3]}{STARS}{value[-4:]}"
    return f"{value[:2]}{STARS}{value[-2:]}" if len(value) >= 7 else STARS


def _email(value: str) -> str:
    local, at, domain = value.rpartition("@")
    return f"{local[0] if len(local) > 1 else ''}***@{domain}" if at else "***"


def _id_number(value: str) -> str:
    return f"{value[0]}{STARS}{value[-1]}" if len(value) >= 6 else STARS


def _bank_account(value: str) -> str:
    return f"{STARS}{value[-4:]}" if len(value) >= 8 else STARS


def _address(value: str) -> str:
    region = _REGION.match(value)
    kept = region[0] if region and len(region[0]) < len(value) else ""
    return f"{kept}{STARS}"


def _money(_value: str) -> str:
    return STARS


def _name(value: str) -> str:
    if value.isascii() or " " in value:
        given, _, family = value.rpartition(" ")
        return f"*** {family}" if given else f"{value[0] if len(value) > 1 else ''}***"
    family = value[:2] if value[:2] in _DOUBLE_SURNAMES and len(value) > 2 else value[:1]
    return f"{family if len(value) > 1 else ''}**"


_MASKS = MappingProxyType(
    {
        "phone": _phone,
        "email": _email,
        "money": _money,
        "address": _address,
        "id_number": _id_number,
        "bank_account": _bank_account,
        "name": _name,
    }
)
