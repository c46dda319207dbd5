"""A repeated call rings again: deliveries have the number of their ring."""

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    script = (Path(__file__).parent / "0014_ring.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script.replace("%", "%%"))
