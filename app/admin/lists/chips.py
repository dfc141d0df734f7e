"""The conditions in force as sentences, each with the way to drop it (LIST-3)."""

from app.admin import words
from app.admin.lists.listed import Listed


def chips(me: Listed) -> list[dict[str, str]]:
    """The reader's own conditions; those of the view are no chips."""
    own = me.state.conditions
    return [
        {
            "text": words.sentence(condition, me.policy.conditions),
            "remove_url": me.state.url(conditions=own[:i] + own[i + 1 :]),
        }
        for i, condition in enumerate(own)
    ]
