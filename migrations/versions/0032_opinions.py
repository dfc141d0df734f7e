"""Departmental opinions: what departments think of a record, each for itself (CUS-5).

Revision: 0032, after 0031. Created 2026-11-23 07:20:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        'opinion',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('entity', sa.String(length=40), nullable=False),
        sa.Column('record_id', sa.Integer(), nullable=False),
        sa.Column('aspect', sa.String(length=40), nullable=False),
        sa.Column('department_id', sa.Integer(), nullable=False),
        sa.Column('value', sa.String(length=40), nullable=False),
        sa.Column('note', sa.Text(), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column('operation_id', sa.Integer(), nullable=True),
        sa.Column('is_current', sa.Boolean(), nullable=False),
        sa.Column('is_disputed', sa.Boolean(), nullable=False),
        sa.Column('is_taken_back', sa.Boolean(), nullable=False),
        sa.Column('came_from', sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(['department_id'], ['department.id'], name='fk_opinion_department_id_department'),
        sa.ForeignKeyConstraint(['operation_id'], ['operation_run.id'], name='fk_opinion_operation_id_operation_run'),
        sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name='fk_opinion_user_id_user_account'),
        sa.PrimaryKeyConstraint('id', name='pk_opinion'),
    )
    op.create_index('ix_opinion_record', 'opinion', ['entity', 'record_id', 'id'])
    op.create_index('ix_opinion_operation_id', 'opinion', ['operation_id'])
    op.create_index('ix_opinion_department_id', 'opinion', ['department_id'])
    for mark in ('current', 'disputed'):
        op.create_index(
            f'ix_opinion_{mark}',
            'opinion',
            ['entity', 'record_id'],
            sqlite_where=sa.text(f'is_{mark} = 1'),
            postgresql_where=sa.text(f'is_{mark}'),
        )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('opinion')
