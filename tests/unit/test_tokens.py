"""Every fragment a person would type finds its record, and hardly ever another one."""

import re
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spec.pinyin import syllables
from app.spec.tokens import MAX_CLAUSES, Query, index_tokens, query_tokens

HAINA = index_tokens(
    [
        ("text", "重庆海纳科技有限公司"),
        ("text", "Chongqing Haina Technology"),
        ("text", None),
        ("phone", "13800138000"),
        ("phone", "023-62345678"),
        ("number", "HT-202611-0001"),
    ]
)


@pytest.mark.parametrize(
    "fragment",
    [
        "海", "海纳", "海纳科技", "海納", "重庆 科技", "（重庆）海纳",
        "hnkj", "hn", "cqhn", "zqhn", "kjyxgs", "HNKJ",
        "haina", "hainakeji", "hai", "hain", "chongqi", "zhongqing", "keji",
        "tech", "ec", "ＴＥＣＨ", "technology haina", "海纳 tech",
        "8000", "0013", "00138000", "0138", "13800138000", "138 0013 8000", "+86 138-0013-8000",
        "008613800138000",
        "023-6234", "(023) 62345678", "62345678", "１３８００１３８０００",
        "HT-202611-0001", "ht2026110001", "0001", "2026", "202611",
        "海 x", "海纳 8000",
    ],
)  # fmt: skip
def test_fragment_finds_its_record(fragment: str) -> None:
    assert query_tokens(fragment).matches(HAINA)


@pytest.mark.parametrize(
    "fragment",
    ["海南", "纳海", "上海 科技", "hnkx", "nahai", "haining", "liu", "techx", "8002", "13800138002",
     "海纳 x9", "2027", "海纳 8002"],
)  # fmt: skip
def test_other_fragments_do_not(fragment: str) -> None:
    assert not query_tokens(fragment).matches(HAINA)


@pytest.mark.parametrize(
    ("name", "fragments"),
    [
        ("Nguyễn Đức", ["nguyen", "duc", "Nguyễn", "NGUYEN duc"]),
        ("曾国藩", ["zengguofan", "ceng", "zgf", "cgf"]),
        ("单晓燕", ["shanxiaoyan", "dan", "sxy", "dxy", "单晓"]),
        ("绿地", ["lvdi", "ludi", "ld"]),
        ("西安", ["xian", "xa"]),
        ("三六〇（３６０）", ["360", "三六〇"]),
        ("ソニー", ["ソニ", "ソ"]),
        ("𠮷野家", ["𠮷野", "𠮷"]),
        ("Ромашка", ["ромашк"]),
    ],
)
def test_names_of_all_kinds(name: str, fragments: list[str]) -> None:
    tokens = index_tokens([("text", name)])
    assert [one for one in fragments if not query_tokens(one).matches(tokens)] == []


@pytest.mark.parametrize("text", ["", " ", "a", "1", "%", "_*\"'", "a b 1", "。", "\0"])
def test_too_little_to_look_for(text: str) -> None:
    query = query_tokens(text)
    assert query == Query()
    assert not query
    assert not query.matches(HAINA)


def test_two_letters_that_are_a_syllable_mean_that_syllable() -> None:
    assert query_tokens("li").matches(index_tokens([("text", "李明")]))
    assert not query_tokens("li").matches(index_tokens([("text", "刘明")]))


def test_an_extension_is_found_by_itself_but_not_across() -> None:
    tokens = index_tokens([("phone", "010-62345678转8001")])
    assert query_tokens("8001").matches(tokens)
    assert not query_tokens("6788001").matches(tokens)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        index_tokens([("colour", "red")])  # type: ignore[list-item]


def test_a_typical_customer_needs_few_tokens() -> None:
    typical = index_tokens(
        [
            ("text", "重庆海纳新能源科技股份有限公司"),
            ("text", "海纳新能源"),
            ("phone", "13800138000"),
            ("phone", "023-62345678"),
        ]
    )
    assert len(typical) <= 120


def test_syllables_are_those_people_type() -> None:
    assert 395 <= len(syllables()) <= 415
    assert {"zhong", "lv", "nv", "er", "a"} <= syllables()
    assert syllables().isdisjoint({"m", "n", "ng", "hm", "zh"})


NAMES = st.text(alphabet="海纳重庆行长北京绿单曾科技aBc1２ -（é", min_size=2, max_size=20)


@given(NAMES, st.data())
def test_any_fragment_finds(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name) - 1))
    fragment = name[start : data.draw(st.integers(start + 1, len(name)))]
    query = query_tokens(fragment)
    assert not query or query.matches(index_tokens([("text", name)]))


@given(st.text(alphabet="0123456789", min_size=4, max_size=15), st.data())
def test_any_four_digits_of_a_phone_find(number: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(number) - 4))
    part = number[start : data.draw(st.integers(start + 4, len(number)))]
    if len(part) >= 12 and part.startswith(("00", "861")):
        return  # read as the way to dial a country
    assert query_tokens(part).matches(index_tokens([("phone", number)]))


@given(st.text())
def test_tokens_are_single_words_for_a_full_text_index(text: str) -> None:
    tokens = index_tokens([("text", text), ("number", text), ("phone", text)])
    assert all(token[0] in "csyild" and token.isalnum() for token in tokens)
    assert all(token == token.lower() for token in tokens if token.isascii())


def test_tokens_survive_the_full_text_index_of_sqlite() -> None:
    tokens = index_tokens([("text", "海纳𠮷𬭎〇ソニー々 Đức Ромашка 3M"), ("phone", "13800138000")])
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE search USING fts5(tokens, tokenize='unicode61')")
    database.execute("CREATE VIRTUAL TABLE words USING fts5vocab(search, row)")
    database.execute("INSERT INTO search VALUES (?)", (" ".join(tokens),))
    stored = {term for (term,) in database.execute("SELECT term FROM words")}
    database.close()
    assert stored == tokens


@given(st.text(alphabet="xianeghou", max_size=150))
def test_hostile_length_stays_small(text: str) -> None:
    query = query_tokens(text)
    assert len(query.all) <= MAX_CLAUSES
    assert all(re.fullmatch("[csyild][a-z]+", token) for choice in query.all for token in choice)
