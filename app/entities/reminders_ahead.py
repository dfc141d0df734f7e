"""What the reminders of events and tasks are found by, every minute (EVT, TASK)."""

from app.entities.event import Event
from app.entities.task import Task
from app.rules import event_reminders, task_reminders
from app.store.indexes import index_numbers

assert Event.__tablename__ == event_reminders.KEY  # noqa: S101 - it declares what is done when
assert Task.__tablename__ == task_reminders.KEY  # noqa: S101 - as above

_REMINDS = "reminder_minutes IS NOT NULL"
_ONCE, _AGAIN = f"{_REMINDS} AND lasts_until IS NULL", f"{_REMINDS} AND lasts_until IS NOT NULL"

index_numbers(Event, "reminding", "starts_at", "reminder_minutes", only=_ONCE)
index_numbers(Event, "reminding_again", "lasts_until", "starts_at", only=_AGAIN)
index_numbers(
    Task, "reminding", "due_at", "reminder_minutes", only=f"{_REMINDS} AND status = 'open'"
)
