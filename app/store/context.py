"""Who acts, and with which operation: what the scope gate reads (architecture §3).

Nobody acting is a defect, not an empty answer: the gate raises ``ScopeMissing``. System work says
why it may look everywhere: ``with system_scope("reason")``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from app.spec.errors import ScopeMissing
from app.store.rights import Rights


@dataclass(frozen=True)
class Actor:
    """A person as the gate knows him: identity, preferences, rights."""

    user_id: int
    username: str
    name: str
    name_en: str
    language: str
    timezone: str
    rights: Rights


@dataclass(frozen=True)
class Acting:
    """One piece of work of an actor: on ``entity`` with ``operation``, elsewhere reading."""

    actor: Actor | None
    operation: str = "read"
    entity: str = ""
    doer: Actor | None = None
    """For system work within a person's: whoever caused it, for the history (AUDIT-1)."""
    pools: bool = False
    """Whether rows of ``entity`` that lie in a pool count too (contract §6)."""
    reason: str = ""
    memory: dict[Any, Any] = field(default_factory=dict, compare=False)
    """What was looked up once for this work: seats, conditions, the organisation. Whoever looks up
    names his own key."""

    @property
    def is_system(self) -> bool:
        return self.actor is None

    def operation_on(self, entity: str) -> str:
        """The operation whose scope holds for that entity."""
        return self.operation if entity == self.entity else "read"


@dataclass(frozen=True)
class Origin:
    """Where a change came from, for the history (AUDIT-1)."""

    surface: str = "system"
    ip: str = ""
    request_id: str = ""


_acting: ContextVar[Acting | None] = ContextVar("acting", default=None)
origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 - it is frozen


_run: ContextVar[int | None] = ContextVar("run", default=None)


def run_under_way() -> int | None:
    """The number of the bulk run under way, None for none: what rules write along is its doing."""
    return _run.get()


@contextmanager
def running(number: int | None) -> Iterator[None]:
    """The enclosed writes are the doing of that bulk run (BULK-5)."""
    token = _run.set(number)
    try:
        yield
    finally:
        _run.reset(token)


_waiting: ContextVar[dict[str, Any] | None] = ContextVar("waiting", default=None)


def waiting() -> dict[str, Any]:
    """What rules remember of changes that they have let pass and that are still to be written."""
    found = _waiting.get()
    return {} if found is None else found


@contextmanager
def deciding(memory: dict[str, Any]) -> Iterator[None]:
    """Several changes are decided on before the first of them is written: rules may see those that
    went before, by what they keep in this memory."""
    token = _waiting.set(memory)
    try:
        yield
    finally:
        _waiting.reset(token)


def current() -> Acting:
    """The work under way; ScopeMissing when nobody said who acts."""
    acting = _acting.get()
    if acting is None:
        raise ScopeMissing("nobody acts: enter acting(...) or system_scope('reason') first")
    return acting


def current_or_none() -> Acting | None:
    return _acting.get()


def actor() -> Actor:
    """The person who acts; ScopeMissing for system work or nobody."""
    who = current().actor
    if who is None:
        raise ScopeMissing(f"the system acts, not a person: {current().reason}")
    return who


def actor_id() -> int | None:
    """The id to write into created-by and history; None when nobody caused it."""
    acting = _acting.get()
    who = acting and (acting.actor or acting.doer)
    return who.user_id if who else None


@contextmanager
def acting_as(
    who: Actor, operation: str = "read", entity: str = "", *, pools: bool = False
) -> Iterator[Acting]:
    """Do the enclosed work as that person with that operation on that entity."""
    before = _acting.get()
    memory = before.memory if before and before.actor is who else {}
    token = _acting.set(Acting(who, operation, entity, pools=pools, memory=memory))
    try:
        yield current()
    finally:
        _acting.reset(token)


@contextmanager
def operating(operation: str, entity: str, *, pools: bool = False) -> Iterator[Acting]:
    """The same person, now with another operation."""
    with acting_as(actor(), operation, entity, pools=pools) as work:
        yield work


@contextmanager
def system_scope(reason: str) -> Iterator[Acting]:
    """Look everywhere, for what a rule needs to know or carry along; says why.

    What is written meanwhile is still told as done by whoever caused it.
    """
    before = _acting.get()
    doer = (before.actor or before.doer) if before else None
    token = _acting.set(Acting(None, doer=doer, reason=reason))
    try:
        yield current()
    finally:
        _acting.reset(token)
