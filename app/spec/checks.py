"""What a credit code, a phone number, an e-mail and a web address must look like to be stored.

Each check takes what a person typed, full-width digits and spaces included, and returns the one
form that is stored, or raises ``ValueError`` with a sentence (see ``SENTENCES``) in the language
of the person who typed it. An empty value stays empty.
"""

import ipaddress
import re
from contextvars import ContextVar
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _l

from app.spec.text import CONTROL_CHARACTER, clean, digits

home: ContextVar[str] = ContextVar("home", default="CN")
"""The country whose telephone numbers need no country code: the company's, once per request."""

BAD_CREDIT_CODE: Final = _l(
    "A credit code has 18 digits and capital letters, without I, O, S, V and Z."
)
WRONG_CHECK_DIGIT: Final = _l("The last character of the credit code doesn't fit the others.")
BAD_MOBILE: Final = _l("This is not a mobile number.")
BAD_PHONE: Final = _l("This is not a phone number.")
BAD_EMAIL: Final = _l("This is not an e-mail address.")
NOT_MAILED_TO: Final = _l(
    "Not every mail server takes this address: only a–z, digits and signs may stand before the @."
)
BAD_WEBSITE: Final = _l("This is not a web address.")
SENTENCES: Final = (
    BAD_CREDIT_CODE, WRONG_CHECK_DIGIT, BAD_MOBILE, BAD_PHONE, BAD_EMAIL, BAD_WEBSITE,
    NOT_MAILED_TO, CONTROL_CHARACTER,
)  # fmt: skip

CREDIT_CODE_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_CODE_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_CREDIT_VALUES = MappingProxyType({char: at for at, char in enumerate(CREDIT_CODE_ALPHABET)})
_CREDIT_CODE = re.compile(f"[{CREDIT_CODE_ALPHABET}]{{2}}[0-9]{{6}}[{CREDIT_CODE_ALPHABET}]{{10}}")

_DIGITS_AND_DASHES = re.compile(r"[0-9]+(?:-[0-9]+)*")
_EXTENSION = re.compile(r"(?:#|,|;|\b(?:ext|x)\b\.?|转|分机|轉|分機)\s*:?\s*([0-9]{1,6})$", re.I)
_NO_AREA_CODE = re.compile("0|1[3-9]|400|800|95|96")  # dialled without a 0 in front, in China
_ELEVEN = re.compile("1[0-9]{10}")
_PLAIN_LOCAL = re.compile("[a-z0-9]+(?:[._-][a-z0-9]+)*", re.ASCII | re.IGNORECASE)
SHORT_ADDRESS = 60
"""Characters within which no part of an address can be too long."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?![0-9])", re.I)
_HOST = re.compile(r"(?=.{1,253}$)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]")


def credit_code_check_digit(first17: str) -> str:
    """The 18th character of a unified social credit code (GB 32100-2015, modulo 31)."""
    weighted = zip(first17, CREDIT_CODE_WEIGHTS, strict=True)
    total = sum(_CREDIT_VALUES[char] * weight for char, weight in weighted)
    return CREDIT_CODE_ALPHABET[-total % 31]


def credit_code(text: str) -> str:
    """统一社会信用代码: 18 capital letters and digits without spaces, check digit verified."""
    code = re.sub(r"[\s-]", "", _half_width(text)).upper()
    if not code:
        return ""
    if not _CREDIT_CODE.fullmatch(code):
        raise ValueError(BAD_CREDIT_CODE)
    if credit_code_check_digit(code[:17]) != code[17]:
        raise ValueError(WRONG_CHECK_DIGIT)
    return code


def mobile(text: str, country: str = "CN") -> str:
    """A mobile number: 11 plain digits when it is Chinese, ``+`` and digits when foreign.

    A number without country code belongs to ``country``.
    """
    number = _half_width(text)
    if not number:
        return ""
    if country == "CN" and _ELEVEN.fullmatch(number) and _is_of_mobiles(number[:7]):
        return number
    parsed = _parsed(number, country)
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        raise ValueError(BAD_MOBILE)
    if phonenumbers.number_type(parsed) not in _MOBILE_TYPES:
        raise ValueError(BAD_MOBILE)
    if parsed.country_code == 86:
        return phonenumbers.national_significant_number(parsed)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


_MOBILE_TYPES = frozenset(
    {
        phonenumbers.PhoneNumberType.MOBILE,
        # Where numbers don't tell (North America), a mobile is either.
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
)


@lru_cache(maxsize=4096)
def _is_of_mobiles(first: str) -> bool:
    """Whether Chinese numbers that begin so are mobiles: their first digits alone decide that."""
    parsed = _parsed(f"{first}0000", "CN")
    return (
        parsed is not None
        and phonenumbers.is_valid_number(parsed)
        and phonenumbers.number_type(parsed) in _MOBILE_TYPES
    )


def phone(text: str, country: str = "CN") -> str:
    """Any number one can ring, leniently: parts joined by single dashes, the extension last.

    Local numbers, service numbers (400, 95588) and mobiles pass; 5 to 20 digits in all. A
    leading ``+`` stays, the home country's own code goes.
    """
    number = _half_width(text)
    if not number:
        return ""
    plain = re.sub(r"[\s()./_-]+", "-", _EXTENSION.sub(r"-\1", number.replace("(0)", " ")))
    plain = _without_home_code(plain.strip("-"), country)
    is_number = _DIGITS_AND_DASHES.fullmatch(plain.removeprefix("+"))
    if not is_number or not 5 <= len(digits(plain)) <= 20:
        raise ValueError(BAD_PHONE)
    return plain


def _without_home_code(plain: str, country: str) -> str:
    code = phonenumbers.country_code_for_region(country)
    plain = f"+{plain[2:].lstrip('-')}" if plain.startswith("00") else plain
    if not code or not plain.startswith(f"+{code}"):
        return plain
    rest = plain.removeprefix(f"+{code}").lstrip("-")
    return f"0{rest}" if country == "CN" and not _NO_AREA_CODE.match(rest) else rest


def email(text: str) -> str:
    """An e-mail address, the domain in lower case; whether it receives mail is not asked."""
    address = _half_width(text).replace(" ", "")
    if not address:
        return ""
    local, _at, domain = address.rpartition("@")
    try:
        if len(address) <= SHORT_ADDRESS and _PLAIN_LOCAL.fullmatch(local):
            return f"{local}@{_domain(domain)}"
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(BAD_EMAIL) from error


def mailbox(text: str) -> str:
    """An e-mail address as every mail server takes it: the domain in its ASCII form."""
    address = email(text)
    if address.isascii():
        return address
    takes: str | None = validate_email(address, check_deliverability=False).ascii_email
    if takes is None:
        raise ValueError(NOT_MAILED_TO)
    return takes


@lru_cache(maxsize=4096)
def _domain(domain: str) -> str:
    """The domain as it is stored: most addresses share theirs with others."""
    normalised: str = validate_email(f"a@{domain}", check_deliverability=False).normalized
    return normalised.partition("@")[2]


def website(text: str) -> str:
    """A web address, ``https://`` added when no scheme was typed; http and https only."""
    address = _half_width(text)
    if not address:
        return ""
    if not _SCHEME.match(address):
        address = f"https://{address.removeprefix('//')}"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(BAD_WEBSITE) from error
    is_web = parts.scheme in ("http", "https") and not parts.username and not parts.password
    if not is_web or not _is_host(host) or re.search(r"[\s<>\"\\^`{|}]", address):
        raise ValueError(BAD_WEBSITE)
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()


def _is_host(host: str) -> bool:
    if _HOST.fullmatch(host):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _half_width(text: str) -> str:
    """Cleaned, with full-width digits, letters and signs as typed on a plain keyboard."""
    typed = clean(text)
    return typed if typed.isascii() else "".join(_HALF_WIDTH.get(char, char) for char in typed)


_HALF_WIDTH = MappingProxyType(
    {
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
        **dict.fromkeys("‐‑‒–—―−－", "-"),
        "\u3000": " ",
        "。": ".",
    }
)


def _parsed(number: str, country: str) -> phonenumbers.PhoneNumber | None:
    if re.search(r"[^0-9+()./\s-]", number):
        return None
    text = f"+{number[2:]}" if number.startswith("00") else number
    if country == "CN" and re.fullmatch(r"86[\s-]*1[0-9]{2}[0-9\s-]*", text):
        text = f"+{text}"
    try:
        return phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
