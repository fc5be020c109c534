"""Write which bonds of a room are different people."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from photoshare.faces.grouping.constraints import Links
from photoshare.models import ApartLinks, db


def write_apart(room_id: int, links: Links) -> None:
    """Write the bonds that are kept apart, if they have changed; the caller commits."""
    query = select(ApartLinks.bond_id, ApartLinks.other_id).where(ApartLinks.room_id == room_id)
    present = {(row.bond_id, row.other_id) for row in db.session.execute(query)}
    if present == links.apart:
        return
    db.session.execute(delete(ApartLinks).where(ApartLinks.room_id == room_id))
    if links.apart:
        pairs = sorted(links.apart)
        rows = [{"room_id": room_id, "bond_id": one, "other_id": other} for one, other in pairs]
        db.session.execute(insert(ApartLinks), rows)
