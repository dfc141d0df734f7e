"""The conditions in force as sentences, each with the way to drop it (LIST-3)."""

from app.admin.lists.listed import Listed
from app.admin.words import Speech


def chips(me: Listed, speech: Speech) -> list[dict[str, str]]:
    """The reader's own conditions; those of a built-in view are no chips."""
    own = me.state.conditions
    return [
        {
            "text": speech.sentence(condition),
            "remove_url": me.state.url(conditions=own[:i] + own[i + 1 :]),
        }
        for i, condition in enumerate(own)
    ]
