"""Passwords: how they are kept, checked and refused (AUTH, C3–C5).

Kept as argon2id with 46 MiB, one pass, one lane. An unknown name costs exactly as much as a wrong
password. A new password is {12} to 128 characters of anything that is not common, not made up of
the person's or the product's name, not a keyboard row: there are no composition rules.
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import lazy_gettext as _l
from werkzeug.security import check_password_hash

from app.spec import clock, columns, settings
from app.spec.settings import Chapter, Setting, declare
from app.spec.words import Label

LONGEST = 128
FEWEST_OWN = 4
LONGEST_REGULAR = 64
SHORTEST: Setting[int] = declare(
    "password_length",
    columns.integer(
        "Shortest password",
        "密码最短长度",
        default=12,
        minimum=8,
        maximum=64,
        help=Label(
            "Characters; asked when a password is set the next time.",
            "字符数；下次设置密码时生效。",
        ),
    ),
    Chapter.SECURITY,
)
ONE_TIME: Setting[int] = declare(
    "one_time_password_hours",
    columns.integer(
        "One-time passwords are valid for (hours)",
        "一次性密码有效期（小时）",
        default=72,
        minimum=1,
        maximum=720,
    ),
    Chapter.SECURITY,
)

_hasher = PasswordHasher(time_cost=1, memory_cost=47104, parallelism=1)
_FAKE = (
    "$argon2id$v=19$m=47104,t=1,p=1$Yu94WykOLWQ3fmL4tjhc9A$"
    "fSkMr5HaNqn1p6UyO37CjTG1BT/AiQ8e6QzYzeRR18g"
)
"""Nobody's hash, of the same kind as everybody's: checked when the name is unknown (C3)."""

_PRODUCT = ("haina", "海纳", "海納", "crm")
_COMMON_PARTS = frozenset(
    """
password passw0rd passwort motdepasse mima wodemima 密码 admin administrator root guest
login welcome letmein changeme hello secret default master access internet computer
qwerty qwertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm 1qaz2wsx qazwsx qazwsxedc 1q2w3e4r q1w2e3r4
zaq12wsx dragon monkey shadow sunshine princess football baseball superman batman iloveyou
trustno1 whatever freedom michael jordan charlie starwars pokemon summer winter spring autumn
monday friday woaini woaiwo aini laopo laogong wojia zhongguo china beijing shanghai shenzhen
guangzhou nihao xiaoming zhangsan lisi wangwu 我爱你 老婆 老公 中国 北京 上海 你好
5201314 1314520 1314521 520520 521521 147258369 147852369 159357 abc123 abcd1234 a123456
    """.split()  # noqa: SIM905 - a hundred quoted words would not be easier to read
)
_ROWS = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
)
_YEAR = re.compile(r"(19|20)\d\d")
_REPEAT = re.compile(r"([\x20-\x7e]{1,4}?)\1{2,}")
_LOOKALIKES = str.maketrans("@0$31", "aosei")


def hashed(password: str) -> str:
    """The text to store for ``password``."""
    return _hasher.hash(_normal(password))


def one_time(now: datetime) -> tuple[str, str]:
    """A password that opens the account once, to set one's own: ``(to tell, to store)`` (C6).

    Worth nothing after ``ONE_TIME``; whoever uses it must change it (``must_change_password``).
    """
    signs = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ["".join(secrets.choice(signs) for _ in range(5)) for _ in range(4)]
    password = "-".join(groups)
    until = now + timedelta(hours=settings.value(ONE_TIME))
    return password, f"{until.isoformat()}|{hashed(password)}"


def matches(stored: str | None, password: str) -> bool:
    """Whether ``password`` belongs to ``stored``; as slow for ``None`` (nobody) as for anybody."""
    if stored and stored.startswith(("scrypt:", "pbkdf2:")):
        return check_password_hash(stored, password)
    until, _, kept = (stored or "").rpartition("|")
    is_over = bool(until) and datetime.fromisoformat(until) < clock.now()
    is_possible = bool(kept) and not is_over and 0 < len(password) <= LONGEST
    try:
        is_right = _hasher.verify(kept or _FAKE, _normal(password[:LONGEST]))
    except (VerificationError, InvalidHashError):
        return False
    return is_right and is_possible


def is_outdated(stored: str) -> bool:
    """Whether the stored text should be made again, now that the password is known (C5)."""
    if "|" in stored:
        return False  # it lives for hours, and its owner has to change it
    return not stored.startswith("$argon2id$") or _hasher.check_needs_rehash(stored)


def objections(password: str, names: Iterable[str | None] = ()) -> list[Any]:
    """Why ``password`` can't be taken, as sentences; empty when it can (C4).

    ``names``: user name, name and English name of its owner.
    """
    if length := length_objections(password):
        return length
    text = _plain(password)
    if text in _common() or len(_own_part(text, ())) < FEWEST_OWN:
        return [_l("This password is too common or too regular. Please choose another one.")]
    if len(_own_part(text, (*_PRODUCT, *_name_parts(names)))) < FEWEST_OWN:
        return [_l("The password must not be made up of your name or the product's name.")]
    return []


def length_objections(password: str) -> list[Any]:
    """The one rule for everybody, the first super admin's included: {12} to 128 characters."""
    shortest = settings.value(SHORTEST)
    if not shortest <= len(password) <= LONGEST:
        return [
            _l(
                "A password has %(shortest)s to %(longest)s characters.",
                shortest=shortest,
                longest=LONGEST,
            )
        ]
    return []


def _normal(password: str) -> bytes:
    """The same bytes for the same visible text, whatever keyboard it came from."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _plain(password: str) -> str:
    return unicodedata.normalize("NFKC", password).casefold()


@cache
def _common() -> frozenset[str]:
    """Passwords of twelve and more characters that everybody tries first."""
    path = Path(__file__).with_name("common_passwords.txt")
    return frozenset(path.read_text(encoding="utf-8").split())


def _name_parts(names: Iterable[str | None]) -> list[str]:
    """Words of two and more characters in the names, and each name as a whole."""
    whole = [_plain(name) for name in names if name]
    words = [word for name in whole for word in re.split(r"[\W_]+", name)]
    return [part for part in {*whole, *words} if len(part) > 1]


def _own_part(text: str, taken: Iterable[str]) -> str:
    """What is left of the letters and digits without words, years, rows and repetitions.

    Beyond 64 characters repetition is forgiven: the length alone is out of reach.
    """
    blocks = sorted({*_COMMON_PARTS, *taken}, key=len, reverse=True)
    dated = _YEAR.sub(" ", text)
    rests = []
    for variant in (dated, dated.translate(_LOOKALIKES)):
        rest = variant if len(text) > LONGEST_REGULAR else _REPEAT.sub(" ", variant)
        for block in blocks:
            rest = rest.replace(block, " ")
        rest = rest if len(text) > LONGEST_REGULAR else _without_rows(rest)
        rests.append(re.sub(r"[\s!-/:-@\[-`{-~]+", "", rest))
    return min(rests, key=len)


def _without_rows(text: str) -> str:
    """``text`` without stretches of three and more along the alphabet, digits or a keyboard row."""
    kept, position = [], 0
    while position < len(text):
        length = _row_length(text[position:])
        if length < 3:
            kept.append(text[position])
            length = 1
        position += length
    return "".join(kept)


def _row_length(text: str) -> int:
    """How many leading characters run along one row, forwards or backwards."""
    rows = (*_ROWS, *(row[::-1] for row in _ROWS))
    longest = 1
    for row in rows:
        while longest < len(text) and text[: longest + 1] in row:
            longest += 1
    return longest
