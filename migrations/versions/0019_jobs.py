"""Background jobs.

Revision: 0019, after 0018. Created 2026-11-22 07:50:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        'job',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(length=40), nullable=False),
        sa.Column('actor_id', sa.Integer(), nullable=False),
        sa.Column('language', sa.String(length=5), nullable=False),
        sa.Column('operation_id', sa.Integer(), nullable=True),
        sa.Column('parameters', sa.JSON(), nullable=False),
        sa.Column('state', sa.String(length=12), nullable=False),
        sa.Column('total', sa.Integer(), nullable=False),
        sa.Column('done', sa.Integer(), nullable=False),
        sa.Column('skipped', sa.Integer(), nullable=False),
        sa.Column('failed', sa.Integer(), nullable=False),
        sa.Column('rate', sa.Integer(), nullable=False),
        sa.Column('cursor', sa.Integer(), nullable=False),
        sa.Column('kept', sa.JSON(), nullable=False),
        sa.Column('error_code', sa.String(length=40), nullable=False),
        sa.Column('error', sa.Text(), nullable=False),
        sa.Column('worker', sa.String(length=80), nullable=False),
        sa.Column('lease_until', app.spec.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('created_at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column('started_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column('finished_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['actor_id'], ['user_account.id'], name='fk_job_actor_id_user_account'),
        sa.ForeignKeyConstraint(['operation_id'], ['operation_run.id'], name='fk_job_operation_id_operation_run'),
        sa.PrimaryKeyConstraint('id', name='pk_job'),
    )
    op.create_index('ix_job_actor_id', 'job', ['actor_id', 'id'])
    op.create_index('ix_job_operation_id', 'job', ['operation_id'], unique=True)
    op.create_index('ix_job_state', 'job', ['state', 'lease_until'])


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('job')
