"""The password policy and how passwords are kept (C4, C5, C6)."""

import re
from datetime import timedelta

import pytest
import time_machine
from werkzeug.security import generate_password_hash

from app.admin.security import passwords
from app.spec import clock

NAMES = ("sales1a", "李伟", "Li Wei")
GOOD = "Kites over the harbour"


@pytest.mark.parametrize(
    "password",
    [
        "Blue-Kettle-42",
        "correct horse battery",
        "Zq7#mVt2!pLw",
        "春眠不觉晓处处闻啼鸟天亮",
        "🦊🐙🌵🍋🎈🚲🧊🪁🎻🛶🌋🧭",
        "all lower case words",
        "lots of spaces   here",
        "q" * 127 + "z",
    ],
)
def test_anything_long_enough_and_uncommon_is_taken(password: str) -> None:
    assert passwords.objections(password, NAMES) == []


@pytest.mark.parametrize(
    "password",
    [
        "Kites-4567",
        "x" * 11,
        "q" * 129,
        "Crm2026!Crm",
        "Crm2026!Crm2026",
        "haina-haina-2026",
        "海纳海纳海纳海纳海纳海纳",
        "sales1a-sales1a",
        "SALES1A_2026!!",
        "李伟李伟李伟李伟李伟李伟",
        "LiWei LiWei 2026",
        "password1234",
        "P@ssw0rd2026!!",
        "123456789012",
        "qwertyuiop123",
        "1qaz2wsx3edc",
        "1q2w3e4r5t6y",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "woaini1314520",
        "5201314woaini",
        "我爱你我爱你我爱你我爱你",
        "manchesterunited",
    ],
)
def test_short_common_and_own_names_are_refused(password: str) -> None:
    assert passwords.objections(password, NAMES) != []


def test_every_common_password_we_ship_is_refused() -> None:
    common = passwords._common()
    assert len(common) > 200
    assert [word for word in common if not passwords.objections(word)] == []


def test_it_is_kept_as_argon2id_with_46_mib() -> None:
    stored = passwords.hashed(GOOD)
    assert stored.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert stored != passwords.hashed(GOOD), "every hash has a salt of its own"
    assert passwords.matches(stored, GOOD)
    assert not passwords.matches(stored, GOOD + " ")
    assert not passwords.is_outdated(stored)


def test_the_same_text_from_another_keyboard_is_the_same_password() -> None:
    stored = passwords.hashed("Ａ café for the harbour")
    assert passwords.matches(stored, "A cafe\u0301 for the harbour")


def test_nobody_has_no_password() -> None:
    for stored in (None, ""):
        for tried in ("", "\0", GOOD):
            assert not passwords.matches(stored, tried)
    assert not passwords.matches(passwords.hashed(GOOD), "")


def test_nobodys_hash_costs_what_everybodys_costs() -> None:
    cost = re.compile(r"\$argon2id\$v=\d+\$[^$]+\$")
    match = cost.match(passwords._FAKE)
    assert match is not None
    assert passwords.hashed(GOOD).startswith(match[0])


def test_a_hash_of_the_framework_still_opens_and_is_outdated() -> None:
    stored = generate_password_hash(GOOD, method="scrypt:1024:8:1")
    assert passwords.matches(stored, GOOD)
    assert not passwords.matches(stored, "another one here")
    assert passwords.is_outdated(stored)


def test_a_one_time_password_ends() -> None:
    told, stored = passwords.one_time(clock.now())
    assert told not in stored
    assert passwords.matches(stored, told)
    assert not passwords.matches(stored, told[:-1])
    assert passwords.one_time(clock.now())[0] != told
    with time_machine.travel(clock.now() + timedelta(hours=passwords.ONE_TIME.default, seconds=2)):
        assert not passwords.matches(stored, told)
