"""What two records have alike when they may be about the same (CUS-7).

A field says with ``alike`` what of it is compared; it is compared with all fields of all entities
that say the same. Where not the value itself is compared but what it comes down to, a derived
column holds that, and says it instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

COMPANY, PHONE, CODE, DOMAIN = "company", "phone", "code", "domain"
ASKED = frozenset({PHONE})
"""What is asked about before a second record of the kind is saved (C84). What must be unique is
refused anyway; the rest are hints."""

_FREE_MAIL = """
qq.com vip.qq.com foxmail.com 163.com vip.163.com 126.com yeah.net 188.com sina.com sina.cn sohu.com
tom.com 21cn.com aliyun.com 139.com 189.cn wo.cn gmail.com googlemail.com outlook.com hotmail.com
live.com live.cn msn.com yahoo.com yahoo.cn yahoo.com.cn yahoo.co.jp yahoo.com.tw icloud.com me.com
mac.com aol.com gmx.de gmx.net web.de t-online.de freenet.de proton.me protonmail.com mail.ru
yandex.ru naver.com daum.net hanmail.net mail.com zoho.com
"""
_HOSTERS = frozenset(_FREE_MAIL.split())
"""Whoever has an address there has nothing in common with the others who have one."""


@dataclass(frozen=True)
class Likeness:
    """What of a field is compared: under which name, in which column, and how it is made."""

    name: str
    column: str
    compute: Callable[[str], Any]


def mail_domain(address: str) -> str:
    """The domain of an address; empty for those that anybody may have one at."""
    domain = address.rpartition("@")[2].lower()
    return "" if domain in _HOSTERS else domain[:120]
