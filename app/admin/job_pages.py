"""How far a background job is, as pages show it: progress, time left, cancel, go on (UI-7)."""

from typing import Any

from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from app.spec.plurals import ngettext
from app.store.jobs import OPEN, Job


def job_state(job: Job) -> dict[str, Any]:
    """What the progress of a job looks like; closed ones say why there is no more of it."""
    is_open, base = job.state in OPEN, f"/jobs/{job.id}"
    return {
        "number": job.id,
        "state": job.state,
        "is_open": is_open,
        "label": _label(job.state),
        "settled": job.settled,
        "total": max(job.total, 1),
        "text": _("%(n)s of %(total)s", n=f"{job.settled:,}", total=f"{job.total:,}"),
        "pace": _pace(job) if job.state == "running" else "",
        "error": job.error,
        "url": f"{base}/progress",
        "cancel": f"{base}/cancel" if job.state in ("queued", "running") else "",
        "retry": f"{base}/retry" if job.state in ("failed", "cancelled") else "",
        "hidden": [("csrf_token", generate_csrf())],
    }


def _label(state: str) -> str:
    return {
        "queued": _("Waiting for its turn"),
        "running": _("Under way"),
        "cancelling": _("Stopping…"),
        "cancelled": _("Cancelled"),
        "done": _("Done"),
        "failed": _("Failed"),
    }[state]


def _pace(job: Job) -> str:
    """Rows per second, and how long it still takes."""
    left = job.seconds_left
    if left is None:
        return ""
    rate = _("%(n)s per second", n=f"{job.rate:,}")
    if left < 60:
        time = ngettext("%(num)d second left", "%(num)d seconds left", max(left, 1))
    else:
        time = ngettext("about %(num)d minute left", "about %(num)d minutes left", -(-left // 60))
    return f"{rate} · {time}"
