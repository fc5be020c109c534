"""Measure how the code reads: lengths, widths, imports, circles.

``python scripts/measure_house.py --at COMMIT --beside FOLDER ...`` measures a commit of the past
and the packages of others beside today's tree. A folder holds one Python package, as pip unpacks
it: ``pip install --no-deps --target models flask``, then ``--beside models/flask``.
"""

from __future__ import annotations

import argparse
import ast
import io
import statistics
import subprocess
import tarfile
import tempfile
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "photoshare"
WIDE = 120  # characters of a line of a template, style or script


def modules_of(root: Path, package: str = PACKAGE) -> dict[str, Path]:
    """Find the modules of a package, migrations apart, by their dotted names."""
    found = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if "migrations" not in parts:
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(name: str, modules: dict[str, Path]) -> set[str]:
    """List the modules of the same package that a module names in its imports, at any depth."""
    names = set()
    for node in ast.walk(ast.parse(modules[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = _source_of(node, name, is_front=modules[name].name == "__init__.py")
            for alias in node.names:
                whole = f"{source}.{alias.name}"
                names.add(whole if whole in modules else source)
    return names & modules.keys() - {name}


def _source_of(node: ast.ImportFrom, name: str, *, is_front: bool) -> str:
    """Name the module that is imported from; a dot stands for the package of the importer."""
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    above = parts[: len(parts) - node.level + is_front]
    return ".".join([*above, *([node.module] if node.module else [])])


def circle_of(graph: dict[str, set[str]], package: str) -> str:
    """Name the modules of one circle of imports, if there is one."""
    without_root = {module: names - {package} for module, names in graph.items()}
    try:
        tuple(TopologicalSorter(without_root).static_order())
    except CycleError as error:
        return " -> ".join(error.args[1])
    return "none"


def measure(root: Path, package: str = PACKAGE) -> dict[str, str]:
    """Measure one tree; return each figure under its name."""
    modules = modules_of(root, package)
    graph = {name: imports_of(name, modules) for name in modules}
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in modules.items()}
    widths = Counter(
        name.rpartition(".")[0] for name, path in modules.items() if path.name != "__init__.py"
    )
    longest, widest = max(lengths, key=lengths.__getitem__), max(widths, key=widths.__getitem__)
    busiest = max(graph, key=lambda name: len(graph[name]))
    inside = root if package == PACKAGE else root / package
    front = [path for folder in ("static", "templates") for path in (inside / folder).rglob("*.*")]
    lines = [
        line
        for path in front
        if path.suffix in (".css", ".js", ".html")
        for line in path.read_text("utf-8").splitlines()
    ]
    return {
        "modules": str(len(modules)),
        "longest module, lines": f"{lengths[longest]} ({longest})",
        "widest package, modules": f"{widths[widest]} ({widest})",
        "imports out of a module, mean": f"{statistics.mean(map(len, graph.values())):.2f}",
        "imports out of a module, most": f"{len(graph[busiest])} ({busiest})",
        "circle": circle_of(graph, package),
        "front end, lines wider than 120": f"{sum(len(line) > WIDE for line in lines)}",
        "README, lines": _length_of(root / "README.md"),
    }


def _length_of(readme: Path) -> str:
    return str(len(readme.read_text("utf-8").splitlines())) if readme.exists() else ""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at", help="a commit to compare with")
    parser.add_argument(
        "--beside", nargs="+", type=Path, default=[], metavar="FOLDER", help="packages of others"
    )
    asked = parser.parse_args()
    commit = asked.at
    columns = {"today": measure(ROOT)}
    if commit:
        packed = subprocess.run(
            ["git", "-C", str(ROOT), "archive", commit], capture_output=True, check=True
        )
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
                archive.extractall(folder, filter="data")
            columns = {commit: measure(Path(folder)), **columns}
    columns |= {folder.name: measure(folder.parent, folder.name) for folder in asked.beside}
    print("| | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    for name in columns["today"]:
        print(f"| {name} | " + " | ".join(column[name] for column in columns.values()) + " |")


if __name__ == "__main__":
    main()
