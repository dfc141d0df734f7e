"""A mask shows what it promises, hides the rest, and is recognised when it comes back."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spec.masks import MaskKind, looks_masked, mask

KINDS: tuple[MaskKind, ...] = get_args(MaskKind)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", "13812341234", "138****1234"),
        ("phone", "+4915112345678", "+49****5678"),
        ("phone", "62345678", "62****78"),
        ("phone", "95588", "****"),
        ("email", "anna@d.com", "a***@d.com"),
        ("email", "a@d.com", "***@d.com"),
        ("email", "nonsense", "***"),
        ("money", "1234.50", "****"),
        ("address", "广东省深圳市南山区科苑路1号", "广东省深圳市****"),
        ("address", "12 Main Street", "****"),
        ("address", "北京市", "****"),
        ("id_number", "11010119900307123X", "1****X"),
        ("id_number", "123", "****"),
        ("bank_account", "6222020200012345678", "****5678"),
        ("name", "张三", "张**"),
        ("name", "欧阳娜娜", "欧阳**"),
        ("name", "欧阳", "欧**"),
        ("name", "John Smith", "*** Smith"),
        ("name", "Cher", "C***"),
        ("name", "张", "**"),
    ],
)
def test_mask_shows(kind: MaskKind, value: str, shown: str) -> None:
    assert mask(kind, value) == shown


@pytest.mark.parametrize("kind", KINDS)
def test_empty_stays_empty(kind: MaskKind) -> None:
    assert mask(kind, "") == ""
    assert not looks_masked(kind, "")


@given(st.sampled_from(KINDS), st.text(min_size=1).filter(str.strip))
def test_every_mask_is_recognised_and_stable(kind: MaskKind, value: str) -> None:
    shown = mask(kind, value)
    assert looks_masked(kind, shown)
    assert mask(kind, shown) == shown


@given(st.sampled_from(KINDS), st.text(alphabet="0123456789", min_size=1, max_size=30))
def test_at_most_seven_digits_are_shown(kind: MaskKind, value: str) -> None:
    shown = sum(char.isdigit() for char in mask(kind, value))
    assert shown < len(value)
    assert shown <= 7


@pytest.mark.parametrize(
    ("kind", "edited"),
    [
        ("phone", "139****1234"),
        ("phone", "138***12345"),
        ("phone", "138＊＊＊＊1234"),
        ("email", "b***@d.com"),
        ("money", "1****"),
        ("name", "李**"),
    ],
)
def test_half_edited_masks_are_recognised(kind: MaskKind, edited: str) -> None:
    assert looks_masked(kind, edited)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("name", "*ST 海纳"), ("address", "1*2 号"), ("phone", "13812341234"), ("email", "a@d.com")],
)
def test_real_values_are_no_masks(kind: MaskKind, value: str) -> None:
    assert not looks_masked(kind, value)
