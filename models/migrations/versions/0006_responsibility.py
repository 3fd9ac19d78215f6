"""Who keeps a road; where photos were taken; what geocoders have answered, and where we stand with each."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "road_owner",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.Column("call", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("checked_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["checked_by"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("code"),
    )
    for name in ("photo_lat", "photo_lon", "photo_accuracy_m"):
        op.add_column("attachment", sa.Column(name, sa.Float(), nullable=True))
    op.add_column("attachment", sa.Column("photo_read_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "geocode_cache",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("asked_sha256", sa.String(), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "asked_sha256"),
    )
    op.create_index("ix_geocode_cache_at", "geocode_cache", ["at"])
    op.create_table(
        "geocoder_turn",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("provider"),
    )


def downgrade() -> None:
    op.drop_table("geocoder_turn")
    op.drop_index("ix_geocode_cache_at", table_name="geocode_cache")
    op.drop_table("geocode_cache")
    for name in ("photo_read_at", "photo_accuracy_m", "photo_lon", "photo_lat"):
        op.drop_column("attachment", name)
    op.drop_table("road_owner")
