"""national organisations: bodies of the whole country, beside those of one region; an acronym may be wanting"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

REGIONS = (
    "tanger-tetouan-al-hoceima", "oriental", "fes-meknes", "rabat-sale-kenitra", "beni-mellal-khenifra", "casablanca-settat",
    "marrakech-safi", "draa-tafilalet", "souss-massa", "guelmim-oued-noun", "laayoune-sakia-el-hamra", "dakhla-oued-ed-dahab",
)
CHECK = "ck_organisation_region"
organisation = sa.table("organisation", sa.column("region"))


def upgrade() -> None:
    allow(("national", *REGIONS))


def downgrade() -> None:
    """National bodies are listed where the central administration is: the former table had no place for them."""
    op.execute(sa.update(organisation).where(organisation.c.region == "national").values(region="rabat-sale-kenitra"))
    allow(REGIONS)


def allow(regions: tuple[str, ...]) -> None:
    with op.batch_alter_table("organisation") as batch:
        batch.drop_constraint(op.f(CHECK), type_="check")
        batch.create_check_constraint(op.f(CHECK), sa.column("region").in_(regions))
