"""What stands in place of rows when there are none (LIST-7)."""

from flask_babel import gettext as _

from app.admin.lists.listed import Listed


def empty(me: Listed) -> dict[str, str]:
    """What to do when there is nothing (LIST-7)."""
    if me.state.conditions or me.state.search:
        return {
            "title": _("Nothing matches this filter."),
            "hint": _("Remove a condition or search for something else."),
            "action_url": me.state.url(conditions=(), search=""),
            "action_label": _("Clear the filter"),
        }
    return {
        "title": _("Nothing here yet."),
        "hint": _("What you create or get assigned appears here."),
        "action_url": me.create_url,
        "action_label": _("Create the first one"),
    }
