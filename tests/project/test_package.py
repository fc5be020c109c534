"""`pip install .` brings everything along, and what it installed runs without the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import photoshare
from photoshare.config import _default_data
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

SOURCES = ("photoshare", "templates", "static")
BESIDE = ("pyproject.toml", "setup.py", "MANIFEST.in", "requirements.in", "README.md")
LICENCES = ("LICENSE", "NOTICE")
MAKE_SDIST = "from setuptools import build_meta; print(build_meta.build_sdist('..'))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline from a source archive, which has to hold all it needs."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"  # a copy, since setuptools leaves its folders where it builds
    for name in SOURCES:
        shutil.copytree(ROOT / name, source / name)
    for name in (*BESIDE, *LICENCES):
        shutil.copy(ROOT / name, source)
    run_python("-c", MAKE_SDIST, folder=source)
    (archive,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(archive, folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    stale = unpacked / "build" / "lib" / "photoshare" / "removed_by_an_update.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    run_python("-m", "pip", "wheel", "--quiet", *offline, "-w", ".", str(unpacked), folder=folder)
    (made,) = folder.glob("*.whl")
    return made


def run_python(*arguments: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A folder that holds what pip would put among the packages."""
    folder = wheel.parent / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def metadata_of(installed: Path) -> PathDistribution:
    (info,) = installed.glob("*.dist-info")
    return PathDistribution(info)


def run_installed(installed: Path, code: str, home: Path) -> str:
    """Run Python far from the checkout, as if the package had been installed."""
    environ = {name: value for name, value in os.environ.items() if "PHOTOSHARE" not in name}
    environ |= {"PYTHONPATH": str(installed), "HOME": str(home)}
    environ.pop("XDG_DATA_HOME", None)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environ,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_every_file_of_the_checkout(wheel: Path) -> None:
    """Modules, pages, styles, scripts, catalogues and migrations: nothing less, nothing more."""
    expected = set()
    for name in SOURCES:
        for path in (ROOT / name).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                inside = path.relative_to(ROOT / "photoshare" if name == "photoshare" else ROOT)
                expected.add(f"photoshare/{inside.as_posix()}")
    names = set(zipfile.ZipFile(wheel).namelist())

    assert {name for name in names if ".dist-info/" not in name} == expected
    for ending in (".html", ".css", ".js", ".svg", ".po", "alembic.ini", "first_version.py"):
        assert any(name.endswith(ending) for name in expected), ending


def test_it_asks_for_the_direct_packages_but_for_what_would_be_compiled(installed: Path) -> None:
    text = (ROOT / "requirements.in").read_text()
    direct = {Requirement(line).name for line in re.findall(r"^[a-z].*$", text, re.M)}
    asked = [Requirement(line) for line in metadata_of(installed).requires or []]

    assert {one.name for one in asked if one.marker is None} == direct - {"face-recognition"}
    assert [one.name for one in asked if one.marker] == ["face-recognition"]


def test_it_has_a_version_a_licence_and_a_command(installed: Path) -> None:
    package = metadata_of(installed)

    assert package.version == photoshare.__version__
    assert package.metadata["License-Expression"] == "MIT"
    assert package.metadata.get_all("License-File") == list(LICENCES)
    assert [(one.name, one.value) for one in package.entry_points] == [
        ("photoshare", "photoshare.server:main")
    ]


def test_what_was_installed_shows_its_pages_in_every_language(
    installed: Path, tmp_path: Path
) -> None:
    said = run_installed(
        installed,
        """
import re
import photoshare
from photoshare.config import IS_INSTALLED
from photoshare.db import upgrade_schema

assert IS_INSTALLED
app = photoshare.create_app()
with app.app_context():
    upgrade_schema()
client = app.test_client()
style = re.search('href="(/static/[^"]*app.css[^"]*)"', client.get("/").text)[1]
for address in ("/", style, "/app-icon-any-192.png"):
    assert client.get(address).status_code == 200, address
assert 'lang="de"' in client.get("/", headers={"Accept-Language": "de"}).text
print(app.instance_path)
""",
        tmp_path,
    )

    data = Path(said.strip())
    assert data.is_relative_to(tmp_path)
    assert (data / "photoshare.sqlite").is_file()


def test_the_doctor_of_an_installation_compares_with_what_the_package_asks_for(
    installed: Path, tmp_path: Path
) -> None:
    said = run_installed(
        installed,
        "from photoshare.maintenance import doctor\n"
        "(found,) = doctor._packages(None)\n"
        "print(found.is_good, found.state)",
        tmp_path,
    )

    assert re.fullmatch(r"True \d+ packages as required\n", said)


@pytest.mark.parametrize(
    ("is_installed", "platform", "environ", "folder"),
    [
        (False, "linux", {}, ROOT / "instance"),
        (True, "linux", {}, Path("~/.local/share/photoshare").expanduser()),
        (True, "linux", {"XDG_DATA_HOME": "/srv/data"}, Path("/srv/data/photoshare")),
        (True, "darwin", {}, Path("~/Library/Application Support/photoshare").expanduser()),
    ],
)
def test_data_lies_beside_a_checkout_or_where_the_user_keeps_theirs(
    is_installed: bool, platform: str, environ: dict[str, str], folder: Path
) -> None:
    assert _default_data(is_installed, platform, environ) == folder


def test_the_start_script_tells_the_version_before_it_installs_anything(tmp_path: Path) -> None:
    (tmp_path / "photoshare").mkdir()
    shutil.copy(ROOT / "run.sh", tmp_path)
    shutil.copy(ROOT / "photoshare" / "__init__.py", tmp_path / "photoshare")
    done = subprocess.run(
        [tmp_path / "run.sh", "--version"], capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout == f"PhotoShare {photoshare.__version__}\n"
    assert not (tmp_path / ".venv").exists()
