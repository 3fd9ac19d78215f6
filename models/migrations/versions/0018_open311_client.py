"""open311 client."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "city_cursor",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("jurisdiction_id", sa.String(), nullable=False),
        sa.Column("destination_id", sa.Integer(), nullable=False),
        sa.Column("heard_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "jurisdiction_id", "destination_id"),
    )
    for table in ("service", "service_request"):
        op.add_column(table, sa.Column("jurisdiction_id", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    for table in ("service", "service_request"):
        op.drop_column(table, "jurisdiction_id")
    op.drop_table("city_cursor")
