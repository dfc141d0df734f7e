"""What a mail looks like: the sentences of its messages in the reader's language, text and HTML."""

from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime as rfc_date
from email.utils import formataddr
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import format_datetime
from flask_babel import gettext as _

from app.spec import checks, clock, company, mail, words
from app.spec.notices import NOTICES
from app.spec.plurals import ngettext
from app.spec.settings import value
from app.store.mails import DIGEST
from app.store.outbox import Outbox

TEMPLATES = Path(__file__).parent / "templates"
LONGEST_SUBJECT = 120


def letter(kind: str, mark: str, to: tuple[str, str], messages: Sequence[Outbox]) -> EmailMessage:
    """The mail as it is sent to (name, address); ``mark`` is its own part of the Message-ID."""
    lines = [_line(message) for message in messages]
    if kind == DIGEST:
        n = len(lines)
        subject = ngettext(
            "Daily digest: %(num)d notification", "Daily digest: %(num)d notifications", n
        )
    else:
        subject = lines[0]["text"]
    return written(to, subject, lines, mark)


def trial(to: tuple[str, str], mark: str) -> EmailMessage:
    """The mail that an admin sends himself to see whether they arrive."""
    text = _("This is a test: e-mails from this installation arrive.")
    line = {"text": text, "when": _when(clock.now()), "url": _url("/")}
    return written(to, _("Test of e-mail"), [line], mark)


def written(
    to: tuple[str, str], subject: str, lines: Sequence[dict[str, str]], mark: str
) -> EmailMessage:
    """Headers, and the lines as text and as HTML; no line break gets into a header (T17).

    ValueError for an address that not every mail server takes.
    """
    sender: str = value(mail.SENDER)
    name = company.name() or current_app.config["APP_NAME"]
    made = EmailMessage()
    made["Subject"] = _one_line(f"[{name}] {subject}")[:LONGEST_SUBJECT]
    made["From"] = formataddr((_one_line(name), sender))
    made["To"] = formataddr((_one_line(to[0]), checks.mailbox(to[1])))
    made["Date"] = rfc_date(clock.now())
    made["Message-ID"] = f"<{mark}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made["Content-Language"] = words.language.get()
    told = {"lines": lines, "name": name, "settings_url": _url("/notifications/settings")}
    made.set_content(_filled("mail.txt", told), cte="base64")  # some servers take only 7 bits
    made.add_alternative(_filled("mail.html", told), subtype="html", cte="base64")
    return made


def _line(message: Outbox) -> dict[str, str]:
    notice = NOTICES[message.kind]
    return {
        "text": notice.says(message.data),
        "when": _when(message.at),
        "url": _url(notice.leads_to(message.data)),
    }


def _when(instant: Any) -> str:
    text: str = format_datetime(clock.local(instant), "medium", rebase=False)
    return text


def _url(path: str) -> str:
    """A link by the address that the installation was given; empty when it was given none."""
    site: str = current_app.config["CRM_PUBLIC_URL"]
    return f"{site}{path}" if site else ""


def _filled(template: str, told: dict[str, Any]) -> str:
    """Rendered without what pages get: there is no request."""
    return current_app.jinja_env.get_template(template).render(lang=words.language.get(), **told)


def _one_line(text: str) -> str:
    return " ".join(text.split())
