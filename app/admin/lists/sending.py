"""A list as a link to somebody else, who perhaps sees fewer rows of it (UI-15)."""

from flask_babel import gettext as _

from app.admin.state import ListState


def compared(state: ListState, total: int) -> str:
    """What to say to whoever was sent a link: how many of the sender's rows he sees."""
    if not state.seen or state.seen == total:
        return ""
    if total > state.seen:
        return _(
            "The sender of this link saw %(seen)s records; you see %(total)s.",
            seen=f"{state.seen:,}",
            total=f"{total:,}",
        )
    return _(
        "You see %(total)s of the %(seen)s records that the sender of this link saw.",
        seen=f"{state.seen:,}",
        total=f"{total:,}",
    )
