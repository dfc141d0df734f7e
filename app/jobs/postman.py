"""Talking to the mail server: who is away, who refuses, and what was accepted."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

from app.spec import mail
from app.spec.settings import value
from app.store import sealing

TIMEOUT = 10
"""Seconds that the server may take for each of its answers."""
LEAVING = 421
"""The code of a server that closes the connection."""
TOO_LARGE = 552
"""The code of a server that doesn't take a mail of this size, said before it gets to see it."""


class ServerAwayError(Exception):
    """No mail can go out at all: not reached, no TLS, the login or the sender refused."""


class RefusedError(Exception):
    """This one mail can't be handed over; ``is_final`` when it never can."""

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.is_final = is_final


class Postman:
    """An open connection to the mail server."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server

    def send(self, letter: EmailMessage) -> None:
        """Hand one mail over; RefusedError or ServerAwayError when the server doesn't take it."""
        to: str = letter["To"].addresses[0].addr_spec
        try:
            self._server.send_message(letter, value(mail.SENDER), [to])
        except smtplib.SMTPRecipientsRefused as fault:
            raise _refused(*fault.recipients[to]) from fault
        except smtplib.SMTPSenderRefused as fault:
            if fault.smtp_code == TOO_LARGE:
                raise RefusedError(_said(fault), is_final=True) from fault
            raise ServerAwayError(_said(fault)) from fault
        except smtplib.SMTPDataError as fault:
            raise _refused(fault.smtp_code, fault.smtp_error) from fault
        except (UnicodeError, ValueError, smtplib.SMTPNotSupportedError) as fault:
            raise RefusedError(_said(fault), is_final=True) from fault
        except (OSError, smtplib.SMTPException) as fault:
            raise ServerAwayError(_said(fault)) from fault


@contextmanager
def connected() -> Iterator[Postman]:
    """Connect and log in as the settings say; ServerAwayError when that can't be done."""
    try:
        server = _open()
    except (OSError, smtplib.SMTPException, ValueError) as fault:
        raise ServerAwayError(_said(fault)) from fault
    try:
        yield Postman(server)
    finally:
        try:
            server.quit()
        except (OSError, smtplib.SMTPException):
            server.close()


def _open() -> smtplib.SMTP:
    host, port, how = value(mail.HOST), value(mail.PORT), value(mail.SECURITY)
    if how == mail.TLS:
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT)
    try:
        if how == mail.STARTTLS:
            server.starttls(context=ssl.create_default_context())
        if value(mail.USER):
            kept = value(mail.PASSWORD)
            server.login(value(mail.USER), sealing.unseal(kept) if kept else "")
    except (OSError, smtplib.SMTPException, ValueError):
        server.close()
        raise
    return server


def _refused(code: int, said: bytes | str) -> RefusedError | ServerAwayError:
    """What an answer means: 421 is the server taking its leave, whatever it was asked."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    if code == LEAVING:
        return ServerAwayError(f"{code} {text}")
    return RefusedError(f"{code} {text}", is_final=code >= 500)


def _said(fault: Exception) -> str:
    if isinstance(fault, smtplib.SMTPResponseException):
        said = fault.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        return f"{fault.smtp_code} {text}"
    return str(fault) or type(fault).__name__
