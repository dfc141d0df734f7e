"""What was searched for is marked where it stands, in the ways in which it can be found."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spec.highlight import spans


@pytest.mark.parametrize(
    ("value", "words", "marked"),
    [
        ("重庆海纳科技有限公司", "海纳", ["海纳"]),
        ("重慶海納科技", "重庆 科技", ["重慶", "科技"]),
        ("重庆海纳科技", "haina", ["海纳"]),
        ("重庆海纳科技", "hain", ["海纳"]),
        ("重庆海纳科技", "HNK", ["海纳科"]),
        ("重庆海纳科技", "zhongq", ["重庆"]),
        ("Nguyễn Trading", "nguyen", ["Nguyễn"]),
        ("ＨＡＩＮＡ Ltd", "haina", ["ＨＡＩＮＡ"]),
        ("Straße 5", "strasse", ["Straße"]),
        ("138 0013-8000", "00138000", ["0013-8000"]),
        ("13800138000", "138-0013 8000", ["138", "0013", "8000"]),
        ("HT-202611-0001", "0001", ["0001"]),
        ("上海晨光", "nothing", []),
        ("", "x", []),
    ],
)
def test_marks(value: str, words: str, marked: list[str]) -> None:
    joined = "".join(value[start:end] for start, end in spans(value, words))
    assert joined == "".join(marked)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_gives_places_in_order(value: str, words: str) -> None:
    places = spans(value, words)
    assert all(0 <= start < end <= len(value) for start, end in places)
    assert all(first[1] < second[0] for first, second in pairwise(places))
