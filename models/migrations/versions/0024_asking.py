"""Links to a page of one case, which accounts give them, and what the city says of numbers we do not hold."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("status_links", sa.Boolean(), nullable=True))
    op.create_table(
        "status_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("asked_mention_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"]),
        sa.ForeignKeyConstraint(["asked_mention_id"], ["mention.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_sha256"),
    )
    op.create_index("ix_status_link_mention", "status_link", ["mention_id"])
    op.create_index("ix_status_link_asked", "status_link", ["asked_mention_id"])
    op.create_table(
        "city_number",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("service_code", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("expected_datetime", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def downgrade() -> None:
    op.drop_table("city_number")
    op.drop_index("ix_status_link_asked", table_name="status_link")
    op.drop_index("ix_status_link_mention", table_name="status_link")
    op.drop_table("status_link")
    op.drop_column("account", "status_links")
