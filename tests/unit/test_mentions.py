"""Which words of a text name a colleague, and that it goes back and forth unchanged."""

import pytest

from app.spec import mentions

IDS = {"sales1a": 7, "li.na": 8, "a": 9}
NAMES = {number: name for name, number in IDS.items()}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("@sales1a", "@[7]"),
        ("请@sales1a看一下，@li.na。", "请@[7]看一下，@[8]。"),
        ("Ask @li.na. Then @a, (@sales1a)!", "Ask @[8]. Then @[9], (@[7])!"),
        ("mail sales@a, x/@a, a.b@sales1a", "mail sales@a, x/@a, a.b@sales1a"),
        ("@@a @ a @sales1", "@@a @ a @sales1"),
        ("@A", "@A"),
    ],
)
def test_usernames_become_numbers_and_come_back(typed: str, stored: str) -> None:
    assert mentions.stored(typed, IDS) == stored
    assert mentions.typed(stored, NAMES) == typed


def test_what_is_named_is_found_by_either_way() -> None:
    assert mentions.usernames("@sales1a @[8] a@b.com @x") == {"sales1a", "x"}
    assert mentions.numbers("@sales1a @[8] @[0] @[12345678901] @[8]") == {8}
    assert list(mentions.parts("a @[8] b")) == ["a ", 8, " b"]
    assert mentions.as_typed(8, "li.na") == "@li.na"
    for odd in ("李娜", "li na", "li@na", "li."):
        assert mentions.as_typed(8, odd) == "@[8]"
