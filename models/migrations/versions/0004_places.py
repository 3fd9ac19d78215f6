"""A city's gazetteer in layers of features, under a spatial index; candidates for the place of a mention."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TO_BOX = """
INSERT INTO place_feature_box (id, min_lon, max_lon, min_lat, max_lat)
SELECT NEW.id, NEW.min_lon, NEW.max_lon, NEW.min_lat, NEW.max_lat WHERE NEW.min_lat IS NOT NULL;
"""
FROM_BOX = "DELETE FROM place_feature_box WHERE id = OLD.id;"
SQLITE = [
    "CREATE VIRTUAL TABLE place_feature_box USING rtree(id, min_lon, max_lon, min_lat, max_lat)",
    f"CREATE TRIGGER place_feature_inserted AFTER INSERT ON place_feature BEGIN {TO_BOX} END",
    f"CREATE TRIGGER place_feature_deleted AFTER DELETE ON place_feature BEGIN {FROM_BOX} END",
    f"""
    CREATE TRIGGER place_feature_moved AFTER UPDATE OF id, min_lat, min_lon, max_lat, max_lon ON place_feature
    BEGIN {FROM_BOX} {TO_BOX} END
    """,
]
POSTGRESQL = [
    """
    CREATE INDEX ix_place_feature_box ON place_feature
    USING gist (box(point(min_lon, min_lat), point(max_lon, max_lat)))
    """
]


def upgrade() -> None:
    op.create_table(
        "place_layer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("attribution", sa.String(), nullable=False),
        sa.Column("licence", sa.String(), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("features", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_place_layer_city", "place_layer", ["city", "retired_at"])
    op.create_table(
        "place_feature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("layer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("other", sa.String(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=True) for name in ("lat", "lon")),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("left_from", "left_to", "right_from", "right_to")),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("precision_m", sa.Float(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=True) for name in ("min_lat", "min_lon", "max_lat", "max_lon")),
        sa.ForeignKeyConstraint(["layer_id"], ["place_layer.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_place_feature_layer", "place_feature", ["layer_id", "kind"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
    json = sa.JSON(none_as_null=True)
    op.add_column("understanding", sa.Column("places", json, nullable=False, server_default="[]"))
    for name in ("place_question", "place_note", "gazetteer_version"):
        op.add_column("understanding", sa.Column(name, sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    for name in ("gazetteer_version", "place_note", "place_question", "places"):
        op.drop_column("understanding", name)
    op.drop_table("place_feature")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE place_feature_box")
    op.drop_table("place_layer")
