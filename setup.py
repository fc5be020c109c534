"""What pyproject.toml cannot say: which folders are installed, and which packages they need."""

from __future__ import annotations

import tempfile
from pathlib import Path

from setuptools import find_packages, setup

# It requires dlib, whose sources compile for minutes; dlib-bin is the same as ready-made wheels.
# Only the reference engine needs it: pip install "photoshare[reference]".
NEEDS_A_COMPILER = "face-recognition"

direct = [
    line
    for line in (Path(__file__).parent / "requirements.in").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]

with tempfile.TemporaryDirectory() as build:
    setup(
        # In ./build, modules that an update has removed would be installed for ever.
        options={"build": {"build_base": build}},
        # In a checkout templates/ and static/ are beside the package; installed, they are inside.
        packages=[
            *find_packages(include=["photoshare*"]),
            "photoshare.templates",
            "photoshare.static",
        ],
        package_dir={"photoshare.templates": "templates", "photoshare.static": "static"},
        package_data={
            "photoshare": ["migrations/**/*", "translations/**/*"],
            "photoshare.templates": ["**/*"],
            "photoshare.static": ["**/*"],
        },
        exclude_package_data={"": ["*.pyc"]},
        install_requires=[package for package in direct if package != NEEDS_A_COMPILER],
        extras_require={"reference": [NEEDS_A_COMPILER]},
    )
