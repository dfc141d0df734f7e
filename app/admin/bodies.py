"""What programs send and get: JSON, rison arguments, versions and keys in headers (contract §1)."""

from typing import Any

from flask import Response, jsonify, request
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import BadRequest as Unreadable

from app.admin.state import decoded, only
from app.spec.errors import (
    BadRequest,
    Invalid,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    UnsupportedType,
)
from app.store.idempotency import Replay

QUESTION = frozenset({"filters", "search"})
"""The parts of a body that ask for records: what can't be there isn't understood (400)."""
PAGE_SIZE, MAX_PAGE_SIZE = 20, 100
MAX_BODY = 2 * 1024 * 1024
"""Bytes of a JSON body: twenty thousand ids fit ten times over."""


def answered(answer: Replay, *, is_replay: bool) -> Response:
    """What was done once, as JSON; said to be a replay when it was done before (contract §1)."""
    response = jsonify(answer.body)
    response.status_code = answer.status
    response.headers.extend(answer.headers)
    if is_replay:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def json_object() -> dict[str, Any]:
    """The request's body as a JSON object.

    415 for another type, 400 for anything unreadable, 422 for NUL in a value, which no column can
    hold.
    """
    if not request.is_json:
        raise UnsupportedType
    if (request.content_length or 0) > MAX_BODY:
        raise TooLarge
    try:
        body = request.get_json()
    except (Unreadable, RecursionError):
        raise BadRequest(_l("The body is not valid JSON.")) from None
    if not isinstance(body, dict):
        raise BadRequest(_l("The body must be a JSON object."))
    wrong = [key for key, value in body.items() if _has_nul(key) or _has_nul(value)]
    if QUESTION.intersection(wrong):
        raise BadRequest(_l("The filter is not understood."))
    if wrong:
        raise Invalid(fields={key: [_l("NUL can't be stored.")] for key in wrong})
    return body


def _has_nul(value: Any) -> bool:
    """Whether it stands anywhere inside, however deep that is."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left += [*one, *one.values()]
        elif isinstance(one, list):
            left += one
        elif isinstance(one, str) and "\0" in one:
            return True
    return False


def json_object_or_nothing() -> dict[str, Any]:
    """As ``json_object``; no body at all is an empty one."""
    return json_object() if request.get_data() else {}


def arguments(known: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The framework's ``q`` argument; 400 for unknown keys in it or beside it."""
    only(request.args, {"q"} if known else ())
    text = request.args.get("q", "")
    found = decoded(text) if text else {}
    if not isinstance(found, dict) or set(found) - known:
        raise BadRequest(_l("The arguments are not understood."))
    return found


def whole(found: dict[str, Any], key: str, default: int) -> int:
    """A whole number, not negative, among the arguments."""
    value = found.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadRequest(_l("This must be a whole number."))
    return value


def page_size(size: int) -> int:
    """How many rows of a list were asked for; 400 for none and for more than it gives."""
    if not 1 <= size <= MAX_PAGE_SIZE:
        raise BadRequest(_l("The page size must be between 1 and %(n)s.", n=MAX_PAGE_SIZE))
    return size


def flag(found: dict[str, Any], key: str) -> bool:
    """A yes or no among the arguments; no when it is missing."""
    value = found.get(key, False)
    if not isinstance(value, bool):
        raise BadRequest(_l("The arguments are not understood."))
    return value


def seen_version() -> int:
    """The version in ``If-Match``; 428 when it is missing, 412 when it can't be one."""
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise PreconditionRequired
    number = header.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise PreconditionFailed
    return int(number)


def idempotency_key() -> str | None:
    """The key of this request, or None."""
    return request.headers.get("Idempotency-Key")
