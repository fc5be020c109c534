"""Kill the server with SIGKILL again and again, and check that nothing is lost.

``./run.sh python benchmarks/kill_anywhere.py [--kills 60] [--photos 100] [--seed N]``. A third of
the kills hit the upgrade of an older version's database, at a random statement. The
others hit a server that receives photos, whole and in pieces, deletes some, names and merges people
and undoes it, sends zips, and creates and deletes rooms; some of them hit its start. After
every kill the server starts again, and everything it had acknowledged is compared: photos bit for
bit, deletions, names and merges; no photo may be analysed again unless a kill interrupted it. Needs
the packages of the tests (``./run.sh test``).
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from killed_party import SERVER, Party
from own_server import ROOT
from sqlalchemy import event

sys.path.insert(0, str(ROOT))

from photoshare.db import db, upgrade_schema
from photoshare.maintenance.database_checks import prepare_database
from photoshare.web.site import site_of
from tests.old_databases import NAME, PHOTOS, make_old_database, new_app, revisions

SHARE_OF_UPGRADES = 1 / 3  # of the kills


class Upgrades:
    """Kills during the upgrade of older versions' databases."""

    def __init__(self, folder: Path, party: Party) -> None:
        self._folder, self._party = folder, party
        self._statements: dict[str, int] = {}

    def run(self, kills: int) -> None:
        """Kill this many upgrades, from all versions in turn."""
        former = revisions()[:-1]
        for number in range(kills):
            self._kill_one(former[number % len(former)], self._folder / f"upgrade-{number}")

    def _kill_one(self, revision: str, data: Path) -> None:
        make_old_database(data, revision)
        originals = {path.name: path.read_bytes() for path in data.glob("rooms/1/originals/*")}
        statement = self._party.choice.randint(1, self._count_statements(revision, data))
        log = self._folder / "upgrade-searches"
        environ = {**os.environ, "PHOTOSHARE_DATA": str(data)}
        command = [*SERVER, str(self._party.port), str(log), str(statement)]
        done = subprocess.run(command, env=environ, capture_output=True, check=False)
        faults = self._party.faults
        if done.returncode != -signal.SIGKILL:
            faults.append(f"the upgrade of {revision} was not killed at statement {statement}")
        self._party.count["kills"] += 1
        self._party.count["kills in an upgrade"] += 1
        where = f"after a kill at statement {statement} of the upgrade of {revision}"
        try:
            with new_app(data).app_context():
                upgrade_schema()
                db.engine.dispose()
        except Exception as error:
            faults.append(f"{where}: {error!r}")
            return
        database = sqlite3.connect(data / "photoshare.sqlite")
        query = (
            "SELECT sha256, person.name, state FROM photo JOIN face ON photo_id = photo.id "
            "JOIN person ON person.id = person_id"
        )
        rows = database.execute(query).fetchall()
        said = database.execute("SELECT COUNT(*) FROM correction WHERE kind = 'name'").fetchall()
        (version,) = database.execute("SELECT version_num FROM alembic_version").fetchall()
        database.close()
        if {row[0] for row in rows} != set(originals) or len(rows) != PHOTOS:
            faults.append(f"{where}: {len(rows)} photos")
        if {row[1:] for row in rows} != {(NAME, "analysed")} or said != [(1,)]:
            faults.append(f"{where}: the name or the analysis is lost")
        if version != (revisions()[-1],):
            faults.append(f"{where}: the schema is {version}")

    def _count_statements(self, revision: str, data: Path) -> int:
        """Count the statements until the upgrade at a start is done, on a copy."""
        if revision not in self._statements:
            copy = data.with_name(f"{data.name}-copy")
            shutil.copytree(data, copy)
            statements = 0

            def count(*_statement: object) -> None:
                nonlocal statements
                statements += 1

            app = new_app(copy)
            with app.app_context():
                event.listen(db.engine, "before_cursor_execute", count)
                prepare_database(site_of(app).settings, is_thorough=True)
                db.engine.dispose()
            self._statements[revision] = statements
        return self._statements[revision]


def main() -> int:
    """Kill, compare, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--photos", type=int, default=100, help="acknowledged, at least")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    print(f"seed: {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        party = Party(Path(name), options.photos, options.seed)
        of_upgrades = round(options.kills * SHARE_OF_UPGRADES)
        Upgrades(Path(name), party).run(of_upgrades)
        try:
            party.run(options.kills - of_upgrades)
        finally:
            party.is_over.set()
            if party.process.poll() is None:
                party.process.kill()
                party.process.wait()
        return party.report()


if __name__ == "__main__":
    sys.exit(main())
