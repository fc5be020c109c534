"""The rules of the code that readers can rely on: imports, and lengths of things."""

from __future__ import annotations

import ast
import dataclasses
import datetime
import enum
import importlib
import logging
import re
import struct
import types
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
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

UNCHANGING = (
    *(str, bytes, int, float, range, type(None), type, types.FunctionType, types.GenericAlias),
    *(types.UnionType, re.Pattern, struct.Struct, Path, logging.Logger, enum.Enum),
    *(datetime.date, datetime.timedelta, types.ModuleType),
)
# What these libraries offer to write at the top of a module: declarations, and the extensions and
# caches whose state is with the running app.
DECLARING = (
    *("click", "flask", "flask_babel", "flask_migrate", "flask_sqlalchemy", "sqlalchemy"),
    *("collections.abc", "typing", "photoshare.services.shelf", "photoshare.cli"),
)
# Modules that need a package of requirements-scale.txt.
OPTIONAL = {"photoshare.storage.bucket": "obstore"}
CHANGING = {"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove"}
CHANGING |= {"setdefault", "sort", "update"}
# State that all apps of a process share, with the reason.
SHARED = {
    # One process has one memory and some cores, however many apps it runs: a bound of each would
    # be none of all.
    "photoshare.pictures.decoding._large_decode": "bounds the memory of the process",
    "photoshare.services.rooms.hashing._scrypt": "bounds the memory and the cores of the process",
    "photoshare.faces.types._NOTHING": "holds no row, and none can be appended in place",
    # Results of functions that depend on their arguments and on files of the package only.
    "photoshare.faces.engines.reference_engine._library": "an import",
    "photoshare.web.pages.icons.app_icon": "a drawing, the same for every app",
    "photoshare.web.pages.link_picture.link_picture": "a drawing, the same for every app",
    "photoshare.web.pages.languages._catalogue": "a file of the package",
    "photoshare.web.pages.template_helpers._next_shape": "arithmetic",
    "photoshare.web.pages.words._count": "a sentence about a number",
    "photoshare.web.pages.words._plural_forms": "a sentence about numbers",
}


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


def test_workers_know_neither_the_web_nor_the_database() -> None:
    workers = modules_in("photoshare.workers")

    assert (
        forbidden_imports(workers, *FLASK, "sqlalchemy", "photoshare.db", "photoshare.models") == {}
    )
    assert forbidden_imports(workers, *SERVER, "photoshare.services", "photoshare.storage") == {}


def test_only_workers_import_dask_and_only_where_they_use_it() -> None:
    importers = forbidden_imports(list(MODULES), "distributed", "dask")
    at_the_top = {
        module
        for module in importers
        for node in MODULES[module].body
        if re.match(r"(import|from) (dask|distributed)\b", ast.unparse(node))
    }

    assert importers
    assert all(is_within(module, ("photoshare.workers",)) for module in importers)
    assert at_the_top == set()


def test_services_know_nothing_of_http() -> None:
    services = modules_in("photoshare.services")
    hashing = {"werkzeug.security.check_password_hash", "werkzeug.security.generate_password_hash"}

    found = forbidden_imports(services, *FLASK, *SERVER)

    assert {module: names - hashing for module, names in found.items() if names - hashing} == {}


def test_the_web_never_touches_the_session() -> None:
    found = forbidden_imports(modules_in("photoshare.web"), "photoshare.db", "sqlalchemy")

    assert found == {}


def test_the_ground_modules_import_nothing_of_ours_but_words() -> None:
    words = {"photoshare.errors", "photoshare.geometry", "photoshare.disk", "photoshare.config"}
    words.add("photoshare.storage")
    packages = [*modules_in("photoshare.config"), *modules_in("photoshare.storage")]
    for module in ["photoshare.errors", "photoshare.disk", *packages]:
        ours = {name for name in imports_of(module) if is_within(name, ("photoshare",))}

        assert {name for name in ours if not is_within(name, tuple(words))} == set(), module


def test_the_models_import_the_database_and_words_only() -> None:
    ours = {
        name.rpartition(".")[0]
        for module in modules_in("photoshare.models")
        for name in imports_of(module)
        if is_within(name, ("photoshare",))
    }

    assert {name for name in ours if not is_within(name, ("photoshare.models",))} == {
        "photoshare.db",
        "photoshare.faces.types",
        "photoshare.geometry",
    }


def test_nobody_is_converted_in_one_place() -> None:
    """None in rows and 0 in arrays: `models.number_of` and `models.reference_of`."""
    nobody = {"NOBODY", "NO_PERSON", "NO_BOND"}
    converting = {
        module
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or)
        if any(getattr(value, "id", None) in nobody for value in node.values)
    }

    assert converting == set()


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


def test_what_waits_is_read_in_few_places() -> None:
    """It is no photo: what lists or counts photos can't show it by mistake."""
    importers = {
        module for module in MODULES if "photoshare.models.WaitingPhoto" in imports_of(module)
    }
    services = {
        *("moderation.deciding", "moderation.waiting"),  # with the access check, `visible_to`
        *("kept_files", "photos.adding", "photos.lost_photos", "rooms.guests", "pictures.smaller"),
    }
    maintenance = {"database_checks", "moving"}
    pages = {"answers.pictures", "pages.template_helpers"}  # addresses of what they are handed

    assert importers == {
        *(f"photoshare.services.{name}" for name in services),
        *(f"photoshare.maintenance.{name}" for name in maintenance),
        *(f"photoshare.web.{name}" for name in pages),
    }


def test_nothing_imports_the_server_but_the_starter() -> None:
    assert forbidden_imports(list(MODULES), "app") == {}
    assert set(forbidden_imports(list(MODULES), "photoshare.server")) == {"app"}


def test_only_the_bucket_knows_obstore() -> None:
    """Photos in the data folder need none of it: a package that the default install lacks."""
    assert set(forbidden_imports(list(MODULES), "obstore")) == {"photoshare.storage.bucket"}
    assert set(forbidden_imports(list(MODULES), "photoshare.storage.bucket")) == {
        "photoshare.maintenance.moving",
        *(f"photoshare.storage.{name}" for name in ("choose", "owner", "reach", "s3")),
    }


def test_only_the_server_knows_waitress() -> None:
    serving = {*modules_in("photoshare.serving"), "photoshare.server"}

    assert set(forbidden_imports(list(MODULES), "waitress")) <= serving
    assert set(forbidden_imports(list(MODULES), "photoshare.serving")) <= serving


def test_the_product_does_not_measure_itself() -> None:
    assert forbidden_imports(list(MODULES), "measuring") == {}


def test_a_view_never_imports_a_view() -> None:
    views = [name for name in modules_in("photoshare.web.views") if name != "photoshare.web.views"]

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


def test_a_module_holds_no_state() -> None:
    """Two apps in a process share none: what is remembered is with the app (`Site`, `Shelves`)."""
    found = {
        f"{module}.{name}"
        for module in MODULES
        if module != "app"  # it starts the server
        if module not in OPTIONAL or find_spec(OPTIONAL[module]) is not None
        for name in names_in(module)
        if not is_unchanging(getattr(importlib.import_module(module), name))
    }

    assert found == SHARED.keys()


def names_in(module: str) -> Iterator[str]:
    """Yield the names that a module gives at its top to values, and to decorated functions."""
    for node in MODULES[module].body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            yield node.name
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            yield from (name.id for name in ast.walk(target or ast.Pass()) if hasattr(name, "id"))


def is_unchanging(value: object) -> bool:
    """Whether a value stays as it is; containers count if what they contain does."""
    if isinstance(value, tuple | frozenset | list | set):
        return all(map(is_unchanging, value))
    if isinstance(value, dict):
        return all(map(is_unchanging, value.values()))
    if isinstance(value, np.ndarray):
        return not value.flags.writeable
    if dataclasses.is_dataclass(value) and type(value).__dataclass_params__.frozen:  # type: ignore[union-attr]
        fields = dataclasses.fields(value)
        return all(is_unchanging(getattr(value, field.name)) for field in fields)
    return isinstance(value, UNCHANGING) or is_within(type(value).__module__, DECLARING)


def test_nothing_changes_a_container_of_a_module() -> None:
    """Lists, sets and dicts at the top of a module are tables: filled where they are written."""
    changed = {
        f"{module}.{name}"
        for module, tree in MODULES.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for name in changed_in(function) & set(names_in(module))
    }

    assert changed == set()


def changed_in(function: ast.FunctionDef) -> set[str]:
    """Find the names that a function declares global, or whose value it may change in place."""
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Global):
            found |= set(node.names)
        owner = None
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            owner = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value if node.func.attr in CHANGING else None
        if isinstance(owner, ast.Name):
            found.add(owner.id)
    return found


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
