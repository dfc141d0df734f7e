"""The small steps of tasks (TASK).

Revision: 0044, after 0043. Created 2026-11-23 11:20:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0044'
down_revision = '0043'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('checklist_line',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('entity', sa.String(length=40), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('text', sa.String(length=200), nullable=False),
    sa.Column('done_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.Column('done_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['done_by_id'], ['user_account.id'], name=op.f('fk_checklist_line_done_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_checklist_line'))
    )
    with op.batch_alter_table('checklist_line', schema=None) as batch_op:
        batch_op.create_index('ix_checklist_line_record', ['entity', 'record_id', 'place'], unique=False)

    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.add_column(sa.Column('checklist', sa.String(length=10), nullable=True))


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.drop_column('checklist')

    op.drop_table('checklist_line')
