"""One post with several requests, replies that tell all their numbers, and small copies of photos."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STANDING = sa.text("state != 'cancelled'")


def upgrade() -> None:
    op.add_column("service_request", sa.Column("part", sa.Integer(), nullable=False, server_default="1"))
    op.drop_index("uq_service_request_open_per_mention", table_name="service_request")
    op.create_index(
        "uq_service_request_open_per_mention",
        "service_request",
        ["mention_id", "part"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )
    op.add_column("reply", sa.Column("also_about", sa.JSON(none_as_null=True), nullable=False, server_default="[]"))
    op.create_table(
        "thumbnail",
        sa.Column("attachment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"]),
        sa.PrimaryKeyConstraint("attachment_id"),
    )
    op.create_index("ix_thumbnail_made_at", "thumbnail", ["made_at"], unique=False)
