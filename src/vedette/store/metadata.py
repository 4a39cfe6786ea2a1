"""What all tables share: one catalogue, and the column of the site."""

from sqlalchemy import Column, ForeignKey, MetaData, Text

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def site_column(*, primary_key: bool = False) -> Column[str]:
    return Column("site_id", Text, ForeignKey("site.id"), primary_key=primary_key, nullable=False)
