"""What README.md and docs/ show works as shown."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import performance, results

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

REVIEWS = 'text,label\n"Good, really good.",good\nA fine thing.,good\nI liked it.,good\nSplendid work.,good\n' + (
    '"Bad, really bad.",bad\nAn awful thing.,bad\nI hated it.,bad\nDreadful work.,bad\n'
)


def commands():
    """The `cct-text` lines of the section that says how to use it."""
    section = README.partition("## Use it")[2].partition("\n## ")[0]
    return [line.strip() for line in section.splitlines() if line.startswith("    ") and "cct-text" in line]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder as the README supposes it: a file of one's own, new texts, and the run that `make demo` leaves."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "reviews.csv").write_text(REVIEWS * 5, encoding="utf-8")
    (folder / "new.txt").write_text("A splendid thing.\nI hated the work.\n", encoding="utf-8")
    run("cct-text train questions --epochs 3 --out runs/questions", folder)
    return folder


def run(command, folder):
    binaries = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


def test_every_command_of_the_readme_works(folder):
    assert len(commands()) == 5
    for command in commands():
        # The README's training runs at their full length belong to no test.
        out = run(command + (" --epochs 2" if re.search(" (train|compare) ", command) else ""), folder)
        assert out or "-o" in command
    assert (folder / "predictions.csv").read_text(encoding="utf-8").count("\n") == 3


def test_the_python_of_the_readme_works(folder, monkeypatch):
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    monkeypatch.chdir(folder)
    names = {}
    exec(code[1], names)
    label = names["classifier"].predict(["Who wrote the Iliad ?"])[0]
    assert label in names["classifier"].labels
    weights = names["classifier"].explain("Who wrote the Iliad ?")
    assert [word for word, *_ in weights] == ["who", "wrote", "the", "iliad", "?"]
    assert sum(weight for *_, weight in weights) == pytest.approx(1)


def test_every_link_of_the_pages_leads_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_tables_are_what_the_result_files_say():
    assert results.PAGE.read_text(encoding="utf-8") == results.page(results.load())
    assert results.readme(README, results.load()) == README
    assert performance.PAGE.read_text(encoding="utf-8") == performance.page(performance.load())
    assert performance.readme(README, performance.load()) == README


def test_the_make_targets_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^    make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
