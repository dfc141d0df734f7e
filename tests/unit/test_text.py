"""Two spellings of one name are one name; two names stay two."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spec import pinyin
from app.spec.text import clean, company_key, digits, fold, sort_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ｈａｉｎａ（１）", "haina(1)"),
        ("Nguyễn", "NGUYEN"),
        ("Đặng", "dang"),
        ("Straße Øl Łódź", "strasse ol lodz"),
        ("臺灣積體電路", "台湾积体电路"),
        ("海\u200b纳\u00ad", "海纳"),
        ("I\u0307stanbul", "istanbul"),
        ("ﾊｲﾅ", "ハイナ"),
    ],
)
def test_folding_levels(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("か", "が"), ("海纳", "海南"), ("a b", "ab")])
def test_folding_keeps_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(min_size=1), st.text(alphabet="臺灣後裏髮发著乾幹台湾", min_size=1))
def test_chinese_folds_character_by_character(start: str, chinese: str) -> None:
    whole = fold(f"{chinese}|{start}")
    assert whole.startswith("".join(fold(char) for char in chinese))


def test_no_format_character_survives_folding() -> None:
    assigned = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    seen = [char for char in assigned if unicodedata.category(char) == "Cf" and fold(char)]
    musical_and_hieroglyphic = range(0x11000, 0x20000)
    assert [char for char in seen if ord(char) not in musical_and_hieroglyphic] == []


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  海纳\u3000", "海纳"),
        ("a\r\nb\rc\u2028d\te", "a b c d e"),
        ("safe\u202egpj.exe", "safegpj.exe"),
        ("Nguye\u0302\u0303n", "Nguyễn"),
        ("\ufeffa", "a"),
        ("", ""),
    ],
)
def test_single_line_is_cleaned(typed: str, stored: str) -> None:
    assert clean(typed) == stored


def test_multiline_keeps_its_lines() -> None:
    assert clean("a\r\nb\u2029\n\tc ", multiline=True) == "a\nb\n\n\tc"


@pytest.mark.parametrize("bad", ["a\0b", "\x1b[31m", "\x7f", "\ud800", "a\x9fb"])
@pytest.mark.parametrize("multiline", [True, False])
def test_control_characters_are_refused(bad: str, multiline: bool) -> None:
    with pytest.raises(ValueError, match="control character"):
        clean(bad, multiline=multiline)


@given(st.text(), st.booleans())
def test_cleaning_twice_changes_nothing(text: str, multiline: bool) -> None:
    try:
        once = clean(text, multiline=multiline)
    except ValueError:
        return
    assert clean(once, multiline=multiline) == once
    assert multiline or len(once.splitlines()) <= 1


SAME_COMPANY = [
    ["海纳科技有限公司", "海納科技有限責任公司", " 海纳 科技股份有限公司", "海纳科技"],
    ["海纳（北京）科技有限公司", "海纳(北京)科技有限公司", "海纳【北京】科技"],
    ["Haina Trading Co., Ltd.", "HAINA TRADING CO.,LTD", "Haina Trading", "Haina-Trading Inc."],
    ["Müller & Söhne GmbH", "Muller Sohne G.m.b.H.", "MÜLLER & SÖHNE GmbH & Co. KG"],
    ["Sony Corporation", "Sony Corp.", "sony"],
    ["トヨタ自動車株式会社", "株式会社トヨタ自動車"],
]


@pytest.mark.parametrize("spellings", SAME_COMPANY)
def test_one_company_has_one_key(spellings: list[str]) -> None:
    assert len({company_key(name) for name in spellings}) == 1


def test_different_companies_have_different_keys() -> None:
    names = [spellings[0] for spellings in SAME_COMPANY]
    names += [
        "海纳集团有限公司",
        "海纳有限公司北京分公司",
        "C++ Ltd",
        "C Ltd",
        "有限公司",
        "Co.",
        "!!",
    ]
    assert len({company_key(name) for name in names}) == len(names)


@given(st.text(min_size=1).filter(lambda text: text.strip() and fold(text).strip()))
def test_a_visible_name_has_a_key(name: str) -> None:
    assert company_key(name)


@given(st.text(alphabet=st.characters(max_codepoint=0xFFFF), max_size=80))
def test_sort_key_is_short_and_folded(name: str) -> None:
    key = sort_key(name)
    assert len(key) <= 60
    assert key == sort_key(fold(name))


def test_chinese_and_english_sort_as_one_list() -> None:
    ordered = ["3M", "安徽长江", "Anna", "重庆", "成都", "厦门", "曾国藩", "占刚", "张安", "Zorro"]
    assert sorted(ordered, key=sort_key) == [
        "3M", "安徽长江", "Anna", "成都", "重庆", "厦门", "曾国藩", "占刚", "张安", "Zorro",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("长沙银行", "chang sha yin hang"),
        ("解晓东", "xie xiao dong"),
        ("解放路商店", "jie fang lu shang dian"),
        ("绿地（集团）", "lv di ji tuan"),
        ("Éclair, Inc.", "eclair inc"),
    ],
)
def test_sort_key_reads_names_right(name: str, key: str) -> None:
    assert sort_key(name) == key


def test_digits_of_any_width() -> None:
    assert digits("（０１０）6234-５６７８ ext٣") == "010623456783"
    assert digits("abc") == ""


def test_every_listed_reading_is_also_searchable() -> None:
    for word, sounds in pinyin.WORDS.items():
        assert len(word) == len(sounds)
        for char, sound in zip(word, sounds, strict=True):
            assert sound in pinyin.readings(char), word
    for char, sounds in pinyin.SURNAMES.items():
        assert set(sounds) <= set(pinyin.readings(char)), char


def test_the_library_itself_stays_unloaded() -> None:
    """Only its table is read: with its phrases every process would be 45 MB larger."""
    asking = "import sys; from app.spec.pinyin import readings; readings('行')"
    telling = f"{asking}; print('pypinyin' in sys.modules)"
    told = subprocess.check_output([sys.executable, "-c", telling], text=True)
    assert told.strip() == "False"
