"""Reminders of tasks.

Revision: 0046, after 0045. Created 2026-11-23 14:18:59.183470.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0046'
down_revision = '0045'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.add_column(sa.Column('reminder_minutes', sa.Integer(), nullable=True))
        batch_op.create_index('ix_task_reminding', ['due_at', 'reminder_minutes'], unique=False, sqlite_where=sa.text("deleted_at IS NULL AND reminder_minutes IS NOT NULL AND status = 'open'"), postgresql_where=sa.text("deleted_at IS NULL AND reminder_minutes IS NOT NULL AND status = 'open'"))



def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.drop_index('ix_task_reminding', sqlite_where=sa.text("deleted_at IS NULL AND reminder_minutes IS NOT NULL AND status = 'open'"), postgresql_where=sa.text("deleted_at IS NULL AND reminder_minutes IS NOT NULL AND status = 'open'"))
        batch_op.drop_column('reminder_minutes')

