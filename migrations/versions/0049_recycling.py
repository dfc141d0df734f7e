"""What pools recycle by themselves (POOL-5, POOL-6, POOL-10).

Revision: 0049, after 0048. Created 2026-11-23 14:40:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('recycling_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('pool_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('operation_id', sa.Integer(), nullable=True),
    sa.Column('examined', sa.Integer(), nullable=False),
    sa.Column('recycled', sa.Integer(), nullable=False),
    sa.Column('warned', sa.Integer(), nullable=False),
    sa.Column('started_at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['pool_id'], ['pool.id'], name=op.f('fk_recycling_run_pool_id_pool')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recycling_run'))
    )
    with op.batch_alter_table('recycling_run', schema=None) as batch_op:
        batch_op.create_index('ix_recycling_run_pool_id', ['pool_id', 'id'], unique=False)

    op.create_table('recycling_warning',
    sa.Column('entity', sa.String(length=40), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('stage', sa.String(length=10), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=False),
    sa.Column('pool_id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('entity', 'record_id', 'stage', name=op.f('pk_recycling_warning'))
    )
    with op.batch_alter_table('recycling_warning', schema=None) as batch_op:
        batch_op.create_index('ix_recycling_warning_run_id', ['run_id'], unique=False)

    with op.batch_alter_table('pool', schema=None) as batch_op:
        batch_op.add_column(sa.Column('quiet_days', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('quiet_spares_won', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('unwon_days', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('warn_owner_days', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('warn_superior_days', sa.Integer(), nullable=True))
    pool = sa.table('pool', *(sa.column(name) for name in (
        'quiet_spares_won', 'warn_owner_days', 'warn_superior_days')))
    op.execute(pool.update().values(
        quiet_spares_won=sa.true(), warn_owner_days=7, warn_superior_days=3))

    with op.batch_alter_table('operation_run', schema=None) as batch_op:
        batch_op.alter_column('actor_id', existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    """Take this revision back; what the system did by itself has nobody to be told as done by."""
    run = sa.table('operation_run', sa.column('actor_id'))
    op.execute(run.delete().where(run.c.actor_id.is_(None)))
    with op.batch_alter_table('operation_run', schema=None) as batch_op:
        batch_op.alter_column('actor_id', existing_type=sa.Integer(), nullable=False)

    with op.batch_alter_table('pool', schema=None) as batch_op:
        for name in ('warn_superior_days', 'warn_owner_days', 'unwon_days', 'quiet_spares_won',
                     'quiet_days'):
            batch_op.drop_column(name)

    op.drop_table('recycling_warning')
    op.drop_table('recycling_run')
