"""The three lists of packages say the same."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
# conda-forge's names, where they are others than PyPI's.
CONDA = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}


def required():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [name.lower() for name in project["dependencies"]], project["optional-dependencies"]


def plain(names):
    """Without those for one system alone, which pip adds as the project asks for them."""
    return [name for name in names if ";" not in name]


def constraints():
    lines = (ROOT / "constraints.txt").read_text().lower().splitlines()
    return dict(line.replace("_", "-").split("==") for line in lines if line and not line.startswith("#"))


def conda():
    text = (ROOT / "environment.yml").read_text()
    return dict(re.findall(r"^  - ([a-z0-9-]+)=([0-9][^\s]*)$", text, re.MULTILINE))


def test_every_dependency_has_one_version_in_constraints():
    dependencies, extras = required()
    for name in [*dependencies, *(name for extra in extras.values() for name in extra)]:
        assert re.fullmatch(r"[0-9][0-9a-z.]*", constraints()[name.partition(";")[0]]), name


def test_environment_yml_has_the_dependencies_in_the_versions_of_constraints():
    wanted = {name: constraints()[name] for name in plain(required()[0])}
    found = {CONDA.get(name, name): version for name, version in conda().items() if name != "python"}
    assert found == wanted


def test_environment_yml_is_free_of_cuda_and_ends_with_the_project():
    lines = (ROOT / "environment.yml").read_text().splitlines()
    assert [line.strip() for line in lines[-2:]] == ["- pip:", "- -e ."]
    assert not re.search(r"cuda|pytorch-gpu|  - pytorch=", "\n".join(lines))


def test_torch_is_pinned_to_one_release():
    assert re.fullmatch(r"\d+\.\d+\.\d+", constraints()["torch"])
