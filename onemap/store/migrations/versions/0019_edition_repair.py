"""Repairs of editions whose grids do not match, as they were agreed to."""

from pathlib import Path

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    script = (Path(__file__).parent / "0019_edition_repair.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script.replace("%", "%%"))
