"""Why we take a change for what it is, and the words of the city that say so."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("status_update", sa.Column("evidence", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_status_update_duplicate", "status_update", ["duplicate_of"])
    op.create_table(
        "status_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("phrase", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("by", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("status_rule")
    op.drop_index("ix_status_update_duplicate", table_name="status_update")
    op.drop_column("status_update", "evidence")
