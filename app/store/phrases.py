"""Canned phrases (ACT): what people write again and again, each his own list, and the company's.

A person's list is his own: nobody else reads or changes it. The company's is a setting; as long as
nobody has written one, it is the four that the product brings, in the reader's language.
"""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec.errors import Invalid
from app.spec.kinds import LongTextField
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.text import clean
from app.spec.words import Label
from app.store.context import actor

MOST, LONGEST = 50, 500
COMPANY: Setting[str] = declare(
    "canned_phrases",
    LongTextField(
        label=Label("Canned phrases", "常用语"),
        default="",
        max_length=5000,
        help=Label(
            "One per line, for everybody beside his own. Empty: those that come with the product.",
            "每行一条，供全员使用（个人常用语除外）；留空则使用系统自带的常用语。",
        ),
    ),
    Chapter.RECORDS,
)
DEFAULTS = (
    _l("No answer."),
    _l("Not interested at the moment."),
    _l("Asked to be called back later."),
    _l("Wants more information."),
)


class CannedPhrase(db.Model):  # type: ignore[name-defined,misc]
    """One phrase of one person, at its place in his list."""

    __tablename__ = "canned_phrase"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(String(LONGEST))


_T = CannedPhrase.__table__


def mine() -> list[str]:
    """One's own phrases in their order."""
    own = select(_T.c.text).where(_T.c.user_id == actor().user_id).order_by(_T.c.position)
    return list(db.session.scalars(own))


def companys() -> list[str]:
    """What the installation offers everybody."""
    set_by_admins = [line.strip() for line in value(COMPANY).splitlines() if line.strip()]
    return set_by_admins or [str(one) for one in DEFAULTS]


def keep(phrases: Sequence[str]) -> None:
    """Make these one's own phrases, in this order; empty ones and repetitions fall out.

    Raises Invalid when there are too many or one is too long. The caller commits.
    """
    try:
        texts = list(dict.fromkeys(text for one in phrases if (text := clean(one, multiline=True))))
    except ValueError as error:
        raise Invalid(error.args[0]) from None
    if len(texts) > MOST or any(len(text) > LONGEST for text in texts):
        raise Invalid(_l("At most %(n)s phrases of %(m)s characters each.", n=MOST, m=LONGEST))
    me = actor().user_id
    db.session.execute(delete(_T).where(_T.c.user_id == me))
    rows = [{"user_id": me, "position": at, "text": text} for at, text in enumerate(texts)]
    if rows:
        db.session.execute(insert(_T), rows)
