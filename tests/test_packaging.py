"""What is installed is what is in the repository."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


def test_every_package_of_the_repository_is_installed():
    renamed = {folder: package for package, folder in SETUPTOOLS["package-dir"].items()}
    found = {
        ".".join([renamed.get(parts[0], parts[0]), *parts[1:]])
        for top in ("cct_text", *renamed)
        for path in (ROOT / top).rglob("__init__.py")
        for parts in [path.parent.relative_to(ROOT).parts]
    }
    assert sorted(SETUPTOOLS["packages"]) == sorted(found)


def test_no_folder_becomes_a_top_level_module_of_a_common_name():
    assert {package.partition(".")[0] for package in SETUPTOOLS["packages"]} == {
        "cct_text",
        "cct_text_cli",
        "cct_text_data",
    }


def test_every_file_that_is_no_python_is_package_data_or_compiled():
    patterns = [pattern for patterns in SETUPTOOLS["package-data"].values() for pattern in patterns]
    patterns += [source for module in SETUPTOOLS["ext-modules"] for source in module["sources"] + module["depends"]]
    others = [
        path
        for top in ("cct_text", "cli", "data")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc", ".so", ".pyd")
    ]
    assert len(others) > 10
    assert [path for path in others if not any(path.match(pattern) for pattern in patterns)] == []
