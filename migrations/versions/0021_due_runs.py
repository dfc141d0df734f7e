"""The due times of routines.

Revision: 0021, after 0020. Created 2026-11-22 08:20:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        'due_run',
        sa.Column('routine', sa.String(length=40), nullable=False),
        sa.Column('due_at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column('state', sa.String(length=10), nullable=False),
        sa.Column('worker', sa.String(length=80), nullable=False),
        sa.Column('beat_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('started_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column('finished_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column('next_try_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column('report', sa.JSON(), nullable=False),
        sa.Column('error', sa.Text(), nullable=False),
        sa.Column('asked_by_id', sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(['asked_by_id'], ['user_account.id'], name='fk_due_run_asked_by_id_user_account'),
        sa.PrimaryKeyConstraint('routine', 'due_at', name='pk_due_run'),
    )
    op.create_index('ix_due_run_state', 'due_run', ['state', 'next_try_at'])


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('due_run')
