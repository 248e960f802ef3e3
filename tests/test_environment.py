"""The three lists of packages say the same, and a learner's holds nothing that only others need."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
    return dict(re.findall(r"^  - ([a-z0-9-]+)=([0-9][^\s=]*)(?:=\S+)?$", text, re.MULTILINE))


def installed_with(names):
    """All that pip installs for these requirements, by what is installed here."""
    found, todo = set(), [Requirement(name) for name in names]
    while todo:
        requirement = todo.pop()
        extras = sorted(requirement.extras) or [""]
        for key in {(canonicalize_name(requirement.name), extra) for extra in extras} - found:
            found.add(key)
            further = [Requirement(line) for line in requires(requirement.name) or ()]
            todo += [other for other in further if not other.marker or other.marker.evaluate({"extra": key[1]})]
    return {name for name, _ in found}


def test_every_dependency_has_one_version_in_constraints():
    dependencies, extras = required()
    for name in [*dependencies, *(name for extra in extras.values() for name in extra)]:
        assert re.fullmatch(r"[0-9][0-9a-z.]*", constraints()[name.partition(";")[0]]), name


def test_environment_yml_has_the_dependencies_in_the_versions_of_constraints():
    dependencies, extras = required()
    wanted = {name: constraints()[name] for name in plain(dependencies) + extras["torch"]}
    found = {CONDA.get(name, name): version for name, version in conda().items() if name != "python"}
    assert found == wanted


def test_binder_gets_nothing_of_what_only_tests_clusters_and_the_site_need():
    dependencies, extras = required()
    optional = {name for extra in extras.values() for name in extra}
    # nbconvert, which JupyterLab needs, runs notebooks with it.
    assert installed_with(plain(dependencies)) & optional == {"nbclient"}
    assert not conda().keys() & optional


def test_environment_yml_is_free_of_cuda_and_ends_with_the_project():
    lines = (ROOT / "environment.yml").read_text().splitlines()
    assert [line.strip() for line in lines[-2:]] == ["- pip:", "- -e ."]
    assert not re.search(r"cuda|pytorch-gpu|  - pytorch=", "\n".join(lines))


def test_environment_yml_takes_all_from_conda_forge_and_pytorch_without_mkl():
    text = (ROOT / "environment.yml").read_text()
    # `nodefaults` is a channel like any other to some versions of mamba, and cannot be found.
    assert re.search(r"^channels:\n((?:  - .*\n)+)", text, re.MULTILINE)[1] == "  - conda-forge\n"
    assert re.search(r"^  - pytorch-cpu=[0-9.]+=cpu_generic\*$", text, re.MULTILINE)


def test_on_windows_pip_installs_the_same_versions():
    text = (ROOT / "environment-windows.yml").read_text()
    assert re.search(r"^channels:\n((?:  - .*\n)+)", text, re.MULTILINE)[1] == "  - conda-forge\n"
    assert [line.strip() for line in text.splitlines()[-3:]] == ["- pip:", "- -c constraints.txt", "- -e .[torch]"]
    assert conda()["python"] == re.search(r"^  - python=(\S+)$", text, re.MULTILINE)[1]


def test_a_learner_can_do_without_torch_and_all_others_have_it():
    dependencies, extras = required()
    assert "torch" not in installed_with(plain(dependencies))
    assert extras["torch"] == ["torch"] and "torch" in extras["test"]


def test_torch_is_pinned_to_one_release():
    assert re.fullmatch(r"\d+\.\d+\.\d+", constraints()["torch"])
