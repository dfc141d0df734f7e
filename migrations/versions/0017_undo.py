"""What the undo of a bulk run needs to know.

Revision: 0017, after 0016. Created 2026-11-22 05:40:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

OF_RUNS = sa.text('operation_id IS NOT NULL')


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.add_column('operation_run', sa.Column('undoes_id', sa.Integer(), nullable=True))
    op.create_index('ix_operation_run_undoes_id', 'operation_run', ['undoes_id'], unique=True)
    op.drop_index('ix_operation_run_actor_id', 'operation_run')
    op.create_index('ix_operation_run_actor_id', 'operation_run', ['actor_id', 'id'])
    op.create_index('ix_history_operation_id', 'history', ['operation_id', 'entity', 'record_id'], sqlite_where=OF_RUNS, postgresql_where=OF_RUNS)
    op.create_table(
        'operation_seat',
        sa.Column('operation_id', sa.Integer(), nullable=False),
        sa.Column('entity', sa.String(length=40), nullable=False),
        sa.Column('record_id', sa.Integer(), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('level', sa.String(length=10), nullable=True),
        sa.Column('until', app.spec.types.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['operation_id'], ['operation_run.id'], name='fk_operation_seat_operation_id_operation_run'),
        sa.PrimaryKeyConstraint('operation_id', 'entity', 'record_id', 'user_id', name='pk_operation_seat'),
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('operation_seat')
    op.drop_index('ix_history_operation_id', 'history')
    op.drop_index('ix_operation_run_actor_id', 'operation_run')
    op.create_index('ix_operation_run_actor_id', 'operation_run', ['actor_id'])
    op.drop_index('ix_operation_run_undoes_id', 'operation_run')
    with op.batch_alter_table('operation_run') as batch_op:
        batch_op.drop_column('undoes_id')
