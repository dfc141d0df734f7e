"""What is stored of codes, phones and addresses, and what is refused with which sentence."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spec import checks
from app.spec.checks import (
    CREDIT_CODE_ALPHABET,
    credit_code,
    credit_code_check_digit,
    email,
    mobile,
    phone,
    website,
)

CHECKS: tuple[Callable[[str], str], ...] = (credit_code, mobile, phone, email, website)


@pytest.mark.parametrize("code", ["91110000802100433B", "91350211M000100Y46"])
def test_real_credit_codes_pass(code: str) -> None:
    assert credit_code(code) == code
    wide = "".join(chr(ord(char) + 0xFEE0) for char in code.lower())
    assert credit_code(f" {wide[:8]} {wide[8:]} ") == code


@given(st.text(CREDIT_CODE_ALPHABET, min_size=9, max_size=9), st.data())
def test_one_wrong_character_is_noticed(body: str, data: st.DataObject) -> None:
    first = f"91110000{body}"
    code = first + credit_code_check_digit(first)
    assert credit_code(code) == code
    place = data.draw(st.integers(8, 17))
    wrong = data.draw(st.sampled_from(CREDIT_CODE_ALPHABET).filter(lambda c: c != code[place]))
    with pytest.raises(ValueError, match="last character"):
        credit_code(code[:place] + wrong + code[place + 1 :])


@pytest.mark.parametrize("code", ["9111", "91110000802100433I", "9111A000802100433B", "公司" * 9])
def test_malformed_credit_codes_are_refused(code: str) -> None:
    with pytest.raises(ValueError, match="18 digits and capital letters"):
        credit_code(code)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("138 0013 8000", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("8613800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("+49 151 12345678", "+4915112345678"),
        ("+1 (202) 555-0123", "+12025550123"),
    ],
)
def test_mobiles_are_stored_in_one_form(typed: str, stored: str) -> None:
    assert mobile(typed) == stored
    assert mobile(stored) == stored


def test_a_mobile_belongs_to_the_company_country() -> None:
    assert mobile("0151 12345678", country="DE") == "+4915112345678"


@pytest.mark.parametrize("bad", ["1380013800", "23800138000", "010-62345678", "138001380001", "x"])
def test_other_numbers_are_no_mobiles(bad: str) -> None:
    with pytest.raises(ValueError, match="mobile"):
        mobile(bad)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("(010) 62345678", "010-62345678"),
        ("０１０－６２３４５６７８", "010-62345678"),
        ("010-62345678转8001", "010-62345678-8001"),
        ("62345678 ext. 12", "62345678-12"),
        ("+86 10 62345678", "010-62345678"),
        ("0086-138 0013 8000", "138-0013-8000"),
        ("+49 (0)89 1234567", "+49-89-1234567"),
        ("400-820-8820", "400-820-8820"),
        ("95588", "95588"),
    ],
)
def test_phones_are_lenient(typed: str, stored: str) -> None:
    assert phone(typed) == stored
    assert phone(stored) == stored


@pytest.mark.parametrize("bad", ["12", "abc", "1" * 21, "010-62345678 找王先生", "<b>"])
def test_what_cannot_be_rung_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="phone number"):
        phone(bad)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("Li.Lei@Example.COM", "Li.Lei@example.com"), ("ａ＠ｂ。ｃｏｍ", "a@b.com")],
)
def test_emails(typed: str, stored: str) -> None:
    assert email(typed) == stored


@pytest.mark.parametrize("bad", ["x", "a@b", "a@b.com, c@d.com", "a@b.com\n\rBcc: c@d.com"])
def test_bad_emails(bad: str) -> None:
    with pytest.raises(ValueError, match="e-mail"):
        email(bad)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("haina.com", "https://haina.com"),
        ("HTTP://Haina.com/A?b=1", "http://haina.com/A?b=1"),
        ("海纳.中国", "https://海纳.中国"),
        ("haina.com:8080/x", "https://haina.com:8080/x"),
        ("http://10.0.0.1/", "http://10.0.0.1/"),
    ],
)
def test_websites(typed: str, stored: str) -> None:
    assert website(typed) == stored
    assert website(stored) == stored


@pytest.mark.parametrize(
    "bad",
    [
        "javascript:alert(1)",
        "JavaScript://haina.com/%0aalert(1)",
        "data:text/html,x",
        "ftp://haina.com",
        "https://user:secret@haina.com",
        'https://haina.com/"onclick=x',
        "haina",
        "http://[::1",
        "http://haina.com:99999",
    ],
)
def test_other_addresses_are_no_websites(bad: str) -> None:
    with pytest.raises(ValueError, match="web address"):
        website(bad)


@given(st.text())
def test_hostile_text_is_stored_in_a_stable_form_or_refused(text: str) -> None:
    for check in CHECKS:
        outcome = stored_or_sentence(check, text)
        assert outcome in checks.SENTENCES or check(outcome) == outcome


def stored_or_sentence(check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("check", CHECKS)
def test_empty_stays_empty(check: Callable[[str], str]) -> None:
    assert check("  ") == ""
