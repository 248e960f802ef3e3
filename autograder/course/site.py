"""The course as static pages: `make site`.

A notebook's page has the cells that students get and the outputs of the worked solution. All other pages are the
README and the documents, as they are.
"""

import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from os import cpu_count
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode

from autograder.course.build import SOLUTIONS, START, released, texts
from autograder.course.executed import kept_solved, run_solved, shortcomings

# In the course's directory, and ignored by git.
SITE = Path("build", "site")
SETTINGS = Path("docs", "site")

_NOTE = """\
<p>
<a class="launch" href="{binder}">Open in Binder</a>
<a class="launch" href="{download}" download>Download</a>
<a class="launch" href="{solution}">Worked solution</a>
</p>

:::{{note}}
What you write is left out here. The reports and pictures are those of the worked solution: so it looks in the end.
:::
"""
# Pages show the picture or sentence beside a widget: without a kernel it could not move.
_WIDGET = "application/vnd.jupyter.widget-view+json"
_LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(?=[)#])")
# A badge: its picture comes from outside.
_BADGE = re.compile(r"\[!\[([^\]]*)\]\(https?://[^)]*\)\](\([^)]*\))")


class SiteError(Exception):
    """Why the site cannot be built."""


def main() -> int:
    """Build the site of the course in the current directory."""
    try:
        page = build_site(Path.cwd())
    except SiteError as error:
        print(f"make site: {error}", file=sys.stderr)
        return 1
    print(f"The site is in {page.parent.relative_to(Path.cwd())}: open {page}")
    return 0


def build_site(root: Path, outputs: Mapping[str, NotebookNode] | None = None) -> Path:
    """The path of the first page, after building all of them.

    Parameters
    ----------
    root : the course's directory
    outputs : the solved notebooks after a run, by topic; those of `solved_notebooks` where it is None

    Raises
    ------
    SiteError
        When a solved notebook fails, or Sphinx warns.
    """
    outputs = solved_notebooks(root) if outputs is None else outputs
    site = root / SITE
    # Always from nothing: of a page that did not change Sphinx would not repeat the warnings.
    shutil.rmtree(site, ignore_errors=True)
    source, pages = site / "source", site / "html"
    stage(root, source, outputs)
    command: list[str | Path] = [sys.executable, "-m", "sphinx"]
    command += ["--quiet", "--fail-on-warning", "--keep-going", "--jobs", "auto"]
    command += ["--conf-dir", root / SETTINGS, "--doctree-dir", site / "doctrees", source, pages]
    if subprocess.run(command, check=False).returncode:
        raise SiteError("Sphinx has complained, see above")
    for topic in texts(root):
        # Downloads are for work: without outputs.
        notebook = released(root, topic)
        shutil.copyfile(notebook, pages / "_sources" / notebook.relative_to(root))
    return pages / "index.html"


def solved_notebooks(root: Path, say: Callable[[str], None] = print) -> dict[str, NotebookNode]:
    """All solved notebooks after a run, by topic: kept ones where nothing has changed since, others run in parallel.

    Raises
    ------
    SiteError
        When a cell raises or warns, or a check gives less than its points.
    """
    topics = texts(root)
    notebooks = {topic: kept for topic in topics if (kept := kept_solved(root, topic))}
    missing = [topic for topic in topics if topic not in notebooks]
    if missing:
        say(f"Running {len(missing)} solved notebook{'s' * (len(missing) > 1)}; they are kept until something changes.")
    began = time.monotonic()
    # A kernel is a process of its own: threads only wait for them.
    with ThreadPoolExecutor(cpu_count()) as pool:
        running = {pool.submit(run_solved, root, topic): topic for topic in missing}
        for number, done in enumerate(as_completed(running), 1):
            notebooks[running[done]] = done.result()
            say(f"  {running[done]} ({number} of {len(missing)}, {time.monotonic() - began:.0f} s)")
    complaints = [f"{topic}: {complaint}" for topic in topics for complaint in shortcomings(notebooks[topic])]
    if complaints:
        raise SiteError("the solutions do not hold:\n  " + "\n  ".join(complaints))
    return notebooks


def stage(root: Path, folder: Path, outputs: Mapping[str, NotebookNode]) -> None:
    """Write what Sphinx reads: files lie as in the repository, so that the links between them hold."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    # In the order in which the README names them.
    documents = sorted((root / "docs").glob("*.md"), key=lambda path: (readme.find(f"docs/{path.name}"), path.name))
    notebooks = {released(root, topic): topic for topic in texts(root)}
    names = {path: path.relative_to(root).as_posix() for path in (*documents, *notebooks)}
    address = repository(root)

    def text_of(path: Path) -> str:
        return linked(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix(), {*names.values()}, address)

    contents = "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(names[path] for path in paths) + "\n```\n"
        for caption, paths in (("Notebooks", notebooks), ("Documents", documents))
    )
    texts_of_pages = {"index.md": text_of(root / "README.md") + contents}
    texts_of_pages |= {names[document]: text_of(document) for document in documents}
    for path, topic in notebooks.items():
        notebook = page(nbformat.read(path, as_version=4), outputs[topic], note(address, topic, names[path]))
        texts_of_pages[names[path]] = nbformat.writes(notebook)
    for name, text in texts_of_pages.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for picture in (root / "docs").rglob("*.png"):
        copy = folder / picture.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, copy)


def linked(text: str, name: str, pages: Collection[str], address: str) -> str:
    """A document's text, with links to files that are no pages leading to the repository, and words in place of badges.

    Parameters
    ----------
    text : Markdown
    name : of the file, from the course's directory
    pages : the names of the files that become pages, the README apart
    address : of the repository
    """

    def target(found: re.Match) -> str:
        path = normpath(PurePosixPath(name).parent / found[0])
        if path == "README.md":
            return found[0].replace("README.md", "index.md")
        return found[0] if path in pages or path.endswith(".png") else f"{address}/blob/HEAD/{path}"

    return _LINK.sub(target, _BADGE.sub(r"[\1]\2{.launch}", text))


def note(address: str, topic: str, name: str) -> str:
    """Markdown of what stands below a notebook's title."""
    solution = f"{SOLUTIONS}/{topic}.py" if topic == START else f"{SOLUTIONS}/{topic}/{topic}.ipynb"
    return _NOTE.format(
        binder=binder(address, name),
        download="../" * name.count("/") + f"_sources/{name}",
        solution=f"{address}/blob/HEAD/{solution}",
    )


def page(notebook: NotebookNode, solved: NotebookNode, below_title: str) -> NotebookNode:
    """The students' notebook with the outputs of the solved one, cell by cell, and a note below its title."""
    outputs = {cell["id"]: cell.outputs for cell in solved.cells if cell.cell_type == "code"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_still(output) for output in outputs[cell["id"]]]
            cell.metadata["mystnb"] = {"image": _picture_options(cell.outputs)}
    title, _, rest = notebook.cells[0].source.partition("\n")
    notebook.cells[0].source = f"{title}\n\n{below_title}\n{rest}"
    return notebook


def repository(root: Path) -> str:
    """The repository's address, from the one place that says it."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["repository"].rstrip("/")


def binder(address: str, notebook: str) -> str:
    """Where a notebook of the repository opens in JupyterLab, on Binder."""
    host, _, name = address.partition("github.com/")
    place = f"gh/{name}" if host == "https://" else f"git/{quote(address, safe='')}"
    return f"https://mybinder.org/v2/{place}/HEAD?urlpath=lab/tree/{notebook}"


def _still(output: NotebookNode) -> NotebookNode:
    """The output without a widget: a page has no kernel to move it."""
    if "data" in output:
        output.data.pop(_WIDGET, None)
    return output


def _picture_options(outputs: list[NotebookNode]) -> dict[str, str]:
    """How Sphinx shows the cell's picture: what the picture says of itself."""
    for output in outputs:
        if "image/png" in output.get("data", {}):
            about = output.metadata.get("image/png", {})
            options = {"alt": about.get("alt", ""), "width": f"{about['width']}px" if "width" in about else ""}
            return {key: value for key, value in options.items() if value}
    return {}


if __name__ == "__main__":
    sys.exit(main())
