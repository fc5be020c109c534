"""The rules of the code that readers can rely on: imports, and lengths of things."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from photoshare.services.photos.albums import Album
from tests.conftest import ROOT

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_PACKAGE_MODULES = 12
SOURCES = [
    ROOT / "app.py",
    *sorted(path for path in (ROOT / "photoshare").rglob("*.py") if "migrations" not in path.parts),
]
DOWNLOADS = "photoshare.services.downloads"
FLASK = ("flask", "flask_sqlalchemy", "flask_migrate", "htmx_flask", "werkzeug")
SERVER = ("photoshare.web", "photoshare.jobs", "photoshare.cli", "photoshare.maintenance.doctor")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def imports_of(module: str) -> set[str]:
    """List every imported name with its module, at any depth of the file."""
    found = set()
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def modules_in(*packages: str) -> list[str]:
    return [module for module in MODULES if is_within(module, packages)]


def is_within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def forbidden_imports(modules: list[str], *packages: str) -> dict[str, set[str]]:
    """Find the imports of these packages, by module."""
    assert modules, "the rule is about no module at all"
    found = {
        module: {name for name in imports_of(module) if is_within(name, packages)}
        for module in modules
    }
    return {module: names for module, names in found.items() if names}


def test_the_face_code_knows_neither_the_web_nor_the_database() -> None:
    faces = modules_in("photoshare.faces")

    assert (
        forbidden_imports(faces, *FLASK, "sqlalchemy", "photoshare.db", "photoshare.models") == {}
    )
    assert forbidden_imports(faces, *SERVER, "photoshare.services", "photoshare.storage") == {}


def test_grouping_faces_opens_no_file() -> None:
    pure = [
        *modules_in("photoshare.faces.grouping", "photoshare.geometry"),
        *(f"photoshare.faces.{name}" for name in ("covers", "likeness", "quality")),
        "photoshare.faces.suggestions",
    ]

    assert forbidden_imports(pure, "pathlib", "os", "io", "PIL", "photoshare.pictures") == {}


def test_cleaning_and_zips_know_bytes_only() -> None:
    pure = [*modules_in("photoshare.metadata"), f"{DOWNLOADS}.zip_layout", f"{DOWNLOADS}.sources"]

    ours = forbidden_imports(pure, "photoshare", *FLASK, "sqlalchemy")

    names = {name for found in ours.values() for name in found}
    allowed = ("photoshare.metadata", f"{DOWNLOADS}.sources")
    assert {name for name in names if not is_within(name, allowed)} == set()


def test_only_the_reference_engine_imports_face_recognition() -> None:
    importers = forbidden_imports(list(MODULES), "face_recognition")

    assert set(importers) == {"photoshare.faces.engines.reference_engine"}


def test_services_know_nothing_of_http() -> None:
    services = modules_in("photoshare.services")
    hashing = {"werkzeug.security.check_password_hash", "werkzeug.security.generate_password_hash"}

    found = forbidden_imports(services, *FLASK, *SERVER)

    assert {module: names - hashing for module, names in found.items() if names - hashing} == {}


def test_the_web_never_touches_the_session() -> None:
    found = forbidden_imports(modules_in("photoshare.web"), "photoshare.db", "sqlalchemy")

    assert found == {"photoshare.web.views.jobs": {"photoshare.db.schema_version"}}


def test_the_ground_modules_import_nothing_of_ours_but_words() -> None:
    words = {"photoshare.errors", "photoshare.geometry", "photoshare.disk", "photoshare.config"}
    for name in ("errors", "config", "disk", "storage"):
        module = f"photoshare.{name}"
        ours = {name for name in imports_of(module) if is_within(name, ("photoshare",))}

        assert {name for name in ours if not is_within(name, tuple(words))} == set(), module


def test_the_models_import_the_database_and_words_only() -> None:
    ours = {name for name in imports_of("photoshare.models") if is_within(name, ("photoshare",))}

    assert {name.rpartition(".")[0] for name in ours} == {
        "photoshare.db",
        "photoshare.faces.types",
        "photoshare.geometry",
    }


def test_one_function_makes_every_album() -> None:
    """It contains the access check: an album made elsewhere could show hidden people."""
    kinds = {kind.__name__ for kind in Album.__subclasses__()}
    makers = {
        (module, function.name)
        for module, tree in MODULES.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", getattr(call.func, "attr", None)) in kinds
    }

    assert makers == {("photoshare.services.photos.albums", "open_album")}


def test_nothing_imports_the_server_but_the_starter() -> None:
    assert forbidden_imports(list(MODULES), "app") == {}
    assert set(forbidden_imports(list(MODULES), "photoshare.server")) == {"app"}


def test_only_the_server_knows_waitress() -> None:
    serving = {*modules_in("photoshare.serving"), "photoshare.server"}

    assert set(forbidden_imports(list(MODULES), "waitress")) <= serving
    assert set(forbidden_imports(list(MODULES), "photoshare.serving")) <= serving


def test_the_product_does_not_measure_itself() -> None:
    assert forbidden_imports(list(MODULES), "measuring") == {}


def test_a_view_never_imports_a_view() -> None:
    views = [name for name in modules_in("photoshare.web.views") if name.count(".") == 3]

    assert forbidden_imports(views, "photoshare.web.views") == {}


def test_a_package_is_no_wider_than_a_screen() -> None:
    widths = Counter(
        module.rpartition(".")[0]
        for path, module in zip(SOURCES, MODULES, strict=True)
        if path.name != "__init__.py"
    )

    assert {package: n for package, n in widths.items() if n > MAX_PACKAGE_MODULES} == {}


def test_the_root_of_the_package_is_light() -> None:
    ours = {name for name in imports_of("photoshare") if is_within(name, ("photoshare",))}

    assert ours == {"photoshare.factory.create_app"}, "and that only when it is asked for"


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {
        module: MODULES.keys() & parents_of(imports_of(module)) - {module}
        for module in MODULES
        if module != "photoshare"  # its factory is imported on first use
    }

    tuple(TopologicalSorter(graph).static_order())  # raises CycleError, which names the cycle


def parents_of(names: set[str]) -> set[str]:
    """List the modules that these names are in, or are."""
    return names | {name.rpartition(".")[0] for name in names}


def test_only_the_images_module_opens_pictures() -> None:
    openers = [
        module
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "open"
        and isinstance(node.value, ast.Name)
        and node.value.id == "Image"
    ]

    assert set(openers) == {"photoshare.pictures.decoding"}


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_a_file_fits_on_a_few_screens(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


def functions() -> Iterator[tuple[str, int]]:
    for module, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                yield f"{module}.{node.name}", node.end_lineno - node.lineno + 1


def test_a_function_fits_on_one_screen() -> None:
    lengths = dict(functions())

    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES} == {}
