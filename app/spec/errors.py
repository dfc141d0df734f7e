"""Everything that can be refused, in one closed list (contract §1).

A :class:`DeclarationError` stops the program while it loads; a :class:`Refusal` is an answer to a
person, with the HTTP status, a stable code and a sentence in the reader's language.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flask_babel import lazy_gettext as _l


class DeclarationError(ValueError):
    """A declaration that can't work: names entity, attribute and cure (style.md 4)."""

    def __init__(self, entity: str, attribute: str, cure: str) -> None:
        super().__init__(f"{entity}.{attribute}: {cure}")


class ScopeMissing(RuntimeError):  # noqa: N818 - the name the specification gives it
    """Somebody asked for scoped rows without saying who acts (architecture §3): a defect."""


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """The base of all answers that say no. ``fields`` maps a field's key to its sentences."""

    status = 400
    code = "bad_request"
    sentence: Any = _l("The request could not be understood.")
    of_a_job: Any = None
    """What is said instead where a part may be done by then; None when the sentence holds there."""
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        message: Any = None,
        *,
        fields: Mapping[str, Sequence[Any]] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self.message = message if message is not None else self.sentence
        self.fields = dict(fields or {})
        self.details = dict(details or {})
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.message)


class BadRequest(Refusal):
    """Unknown argument, operator or column, or a column the reader may not see."""


class NotLoggedIn(Refusal):
    status = 401
    code = "not_logged_in"
    sentence = _l("Please log in.")


class NotPermitted(Refusal):
    """The operation is granted by none of the actor's roles: said before any row is looked up."""

    status = 403
    code = "not_permitted"
    sentence = _l("You don't have the permission for this.")


class NotFound(Refusal):
    """Unknown, deleted, or out of the operation's scope: the three are not told apart (C19)."""

    status = 404
    code = "not_found"
    sentence = _l("This does not exist, or you may not see it.")


class WrongVerb(Refusal):
    status = 405
    code = "method_not_allowed"
    sentence = _l("This address does not accept that kind of request.")


class Conflict(Refusal):
    """Duplicate, stale count or conflicting state."""

    status = 409
    code = "conflict"
    sentence = _l("This conflicts with the present state.")


class Duplicate(Conflict):
    code = "duplicate"
    sentence = _l("This already exists.")


class Namesake(Duplicate):
    """Another record is called so, which the writer may confirm; ``value`` is what he typed (CUS).

    ``details['namesakes']`` are the names of those others.
    """

    code = "namesake"
    sentence = _l("Another record has the same name. Nothing was saved yet.")

    def __init__(self, *, value: str = "", **more: Any) -> None:
        super().__init__(**more)
        self.value = value


class Lookalike(Namesake):
    """Another record has the same telephone number, which the writer may confirm (C84).

    ``details['duplicates']`` tell of those as far as he may know them.
    """

    found: Sequence[Any] = ()
    """The same as its pages show them."""
    code = "lookalike"
    sentence = _l("This may exist already. Nothing was saved yet.")


class StaleCount(Conflict):
    """The number of matching rows moved since the user saw it (BULK-1); ``details['count']``."""

    code = "stale_count"
    sentence = _l("The number of matching records has changed. Please check and confirm again.")


class StaleVersion(Conflict):
    """A form or inline edit over a newer version; ``conflicts`` hold both values (R4)."""

    conflicts: Sequence[Any] = ()
    stored: Mapping[str, Any] = MappingProxyType({})
    """All values that stand there now, by field."""
    code = "stale_version"
    sentence = _l("Somebody else saved this record meanwhile. Nothing of yours is lost.")


class Gone(Refusal):
    """The time for it is over (BULK-5)."""

    status = 410
    code = "gone"
    sentence = _l("It is too late for this.")


class PreconditionFailed(Refusal):
    status = 412
    code = "stale_version"
    sentence = _l("The record has a newer version than the one you sent.")


class PreconditionRequired(Refusal):
    status = 428
    code = "version_required"
    sentence = _l("Send the version you have seen in the If-Match header.")


class TooLarge(Refusal):
    status = 413
    code = "too_large"
    sentence = _l("The request is too large.")


class UnsupportedType(Refusal):
    status = 415
    code = "unsupported_type"
    sentence = _l("The request must be JSON or a form.")


class Invalid(Refusal):
    """Values that break a field's rule; each named in ``fields``."""

    status = 422
    code = "invalid"
    sentence = _l("Please check the marked fields.")


class Throttled(Refusal):
    status = 429
    code = "throttled"
    sentence = _l("Too many attempts. Please wait a moment.")

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.headers = {"Retry-After": str(retry_after)}


class ServerFault(Refusal):
    """Something of ours broke; the log has the details under the request id."""

    status = 500
    code = "server_error"
    sentence = _l("Something went wrong on our side. Nothing was saved.")
    of_a_job = _l("Something went wrong on our side.")


class Unavailable(Refusal):
    status = 503
    code = "unavailable"
    sentence = _l("The database can't be reached right now. Nothing was saved.")
    of_a_job = _l("The database can't be reached right now.")
    headers: Mapping[str, str] = MappingProxyType({"Retry-After": "5"})


class FilesAway(Unavailable):
    """The store that has the content of files doesn't answer, or not as it should (C94)."""

    sentence = _l("The store of the files can't be reached right now. Nothing was saved.")
    of_a_job = _l("The store of the files can't be reached right now.")


class StorageFull(Refusal):
    status = 507
    code = "storage_full"
    sentence = _l("The disk is full. Nothing was saved.")
    of_a_job = _l("The disk is full.")


REFUSALS: tuple[type[Refusal], ...] = (
    BadRequest,
    NotLoggedIn,
    NotPermitted,
    NotFound,
    WrongVerb,
    Conflict,
    Duplicate,
    Namesake,
    Lookalike,
    StaleCount,
    StaleVersion,
    Gone,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    UnsupportedType,
    Invalid,
    Throttled,
    ServerFault,
    Unavailable,
    FilesAway,
    StorageFull,
)
"""The closed list of answers that say no."""
