"""What the reminders of events are found by (EVT)."""

from app.entities.event import Event
from app.rules import event_reminders
from app.store.indexes import index_numbers

assert Event.__tablename__ == event_reminders.KEY  # noqa: S101 - it declares what is done when
index_numbers(
    Event,
    "reminding",
    "starts_at",
    "reminder_minutes",
    only="reminder_minutes IS NOT NULL AND lasts_until IS NULL",
)
index_numbers(
    Event,
    "reminding_again",
    "lasts_until",
    "starts_at",
    only="reminder_minutes IS NOT NULL AND lasts_until IS NOT NULL",
)
"""Looked at every minute: those that remind at all, once or again."""
