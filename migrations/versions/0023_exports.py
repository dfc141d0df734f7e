"""exports: what was asked for, and the files of large ones.

Revision: 0023, after 0022. Created 2026-11-22 11:10:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('export_file',
    sa.Column('operation_id', sa.Integer(), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=False),
    sa.Column('entity', sa.String(length=40), nullable=False),
    sa.Column('format', sa.String(length=5), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('approval', sa.String(length=10), nullable=False),
    sa.Column('approver_id', sa.Integer(), nullable=True),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.Column('remark', sa.Text(), nullable=False),
    sa.Column('is_kept', sa.Boolean(), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('grounds', sa.JSON(), nullable=False),
    sa.Column('written_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.Column('expires_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.Column('fetched', sa.Integer(), nullable=False),
    sa.Column('created_at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['user_account.id'], name=op.f('fk_export_file_actor_id_user_account')),
    sa.ForeignKeyConstraint(['operation_id'], ['operation_run.id'], name=op.f('fk_export_file_operation_id_operation_run')),
    sa.PrimaryKeyConstraint('operation_id', name=op.f('pk_export_file'))
    )
    op.create_index('ix_export_file_actor_id', 'export_file', ['actor_id', 'operation_id'])
    op.create_index('ix_export_file_approver_id', 'export_file', ['approver_id', 'approval'])
    op.create_table('export_part',
    sa.Column('export_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['export_id'], ['export_file.operation_id'], name=op.f('fk_export_part_export_id_export_file')),
    sa.PrimaryKeyConstraint('export_id', 'number', name=op.f('pk_export_part'))
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('export_part')
    op.drop_index('ix_export_file_approver_id', table_name='export_file')
    op.drop_index('ix_export_file_actor_id', table_name='export_file')
    op.drop_table('export_file')
