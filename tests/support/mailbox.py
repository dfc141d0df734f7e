"""A real mail server on loopback that keeps what it gets, for tests of what is sent."""

import asyncio
import email
import email.parser
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from email import policy
from email.message import EmailMessage
from socket import create_server, socket
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlalchemy import insert

from app.extensions import db
from app.jobs import mailing
from app.spec import clock, mail
from app.spec.routines import Report
from app.store import settings
from app.store.context import system_scope
from app.store.settings import StoredSetting
from app.store.version import touch
from tests.support.worlds import World


class Mailbox:
    """What has arrived, and what the server answers: ``refusal`` instead of taking a mail.

    No mail may have more bytes than ``most``; each takes so many seconds (``pace``).
    """

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.logins: list[tuple[str, str]] = []
        self.refusal = ""
        self.most = 1_000_000
        self.pace = 0.0
        self.port = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - its name
        """Called by the server for each mail."""
        await asyncio.sleep(self.pace)
        if self.refusal:
            return self.refusal
        self.raw.append(envelope.content)
        return "250 OK"

    def judge(self, server: Any, session: Any, envelope: Any, way: str, login: Any) -> AuthResult:
        """Called by the server when somebody logs in."""
        self.logins.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=True)

    def ids(self) -> Counter[str]:
        """How often each Message-ID arrived."""
        parse = email.parser.BytesHeaderParser().parsebytes
        return Counter(parse(one)["Message-ID"] for one in self.raw)

    def mails(self) -> list[EmailMessage]:
        """What arrived, understood."""
        found = (email.message_from_bytes(one, policy=policy.default) for one in self.raw)
        return [one for one in found if isinstance(one, EmailMessage)]


class _Bound(Controller):
    """Listens on a socket that it is given: nobody else takes the port meanwhile."""

    def __init__(self, box: Mailbox, bound: socket) -> None:
        login: dict[str, Any] = {"authenticator": box.judge, "auth_require_tls": False}
        super().__init__(box, hostname="127.0.0.1", port=box.port, **login)
        self._bound = bound

    def factory(self) -> Any:
        made = super().factory()  # type: ignore[no-untyped-call]
        made.data_size_limit = self.handler.most
        return made

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._bound)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A server of its own on a free port."""
    box = Mailbox()
    bound = create_server(("127.0.0.1", 0))
    box.port = bound.getsockname()[1]
    controller = _Bound(box, bound)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def set_up(world: World, port: int) -> None:
    """Let the installation send its mail there, as an admin would have set it."""
    rows: dict[str, Any] = {
        mail.HOST.key: "127.0.0.1",
        mail.PORT.key: port,
        mail.SECURITY.key: mail.PLAIN,
        mail.SENDER.key: "crm@example.com",
    }
    world.is_dirty = True
    with world.app.app_context(), system_scope("a test sets up mail"):
        touch()
        for key, value in rows.items():
            row = {"key": key, "value": value, "version": 1, "updated_at": clock.now()}
            db.session.execute(insert(StoredSetting).values(**row))
        db.session.commit()


def deliver(world: World) -> None:
    """What the clock does each minute: sort what was told, send what is due."""
    as_the_clock(world, mailing.run)


def as_the_clock(world: World, does: Callable[[], Report]) -> None:
    """Do what a routine does, as the clock would."""
    world.is_dirty = True
    copy_context().run(_as_the_clock, world, does)


def _as_the_clock(world: World, does: Callable[[], Report]) -> None:
    with world.app.app_context():
        settings.obey_now()
        with system_scope("a test does what is due"):
            does()
            db.session.commit()
