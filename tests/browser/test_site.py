"""The site, as `make site` builds it of the course's own texts, looked at without a network."""

import io
import re
import shutil
import tomllib
from base64 import b64encode
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_output
from PIL import Image

from autograder import check
from autograder.course.build import START, released, solved, texts
from autograder.course.site import SiteError, build_site
from autograder.course.source import parse
from autograder.grading.assignment import is_check

ROOT = Path(__file__).parents[2]
# The start, what comes after it, and what has most of everything: a page costs seconds. `make site` builds all.
TOPICS = [topic for topic in texts(ROOT) if topic[:2] in ("00", "02", "11")]
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["repository"]
ALT = "Three walks in a valley."


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the pages. Their outputs are drawn here: running the notebooks takes minutes."""
    root = tmp_path_factory.mktemp("course")
    for name in ("README.md", "pyproject.toml"):
        shutil.copyfile(ROOT / name, root / name)
    shutil.copytree(ROOT / "docs", root / "docs")
    for name in ("notebooks", "solutions"):
        shutil.copytree(ROOT / name, root / name, ignore=_other_topics)
    report = check("mean_squared_error", lambda prediction, target: ((prediction - target) ** 2).mean())
    report = new_output("execute_result", {"text/plain": "1.0", "text/html": report._repr_html_()})
    return build_site(root, {topic: _with_outputs(solved(ROOT, topic), report) for topic in TOPICS}).parent


def _other_topics(_, names):
    return [name for name in names if name[:2].isdigit() and Path(name).stem not in TOPICS]


def _with_outputs(text, report):
    notebook = nbformat.reads(text, as_version=4)
    file = io.BytesIO()
    Image.new("RGB", (1400, 500), "white").save(file, "png")
    about = {"image/png": {"width": 1000, "alt": ALT}}
    picture = new_output(
        "display_data", {"image/png": b64encode(file.getvalue()).decode(), "text/plain": ALT}, metadata=about
    )
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "sliders " * 40}
    for cell in notebook.cells:
        if is_check(cell):
            cell.outputs = [report]
        elif cell.cell_type == "code" and "demo" in cell.metadata.get("downhill", {}):
            cell.outputs = [new_output("display_data", widget), picture]
    return notebook


def _page(site, topic):
    return site / released(ROOT, topic).relative_to(ROOT).with_suffix(".html")


def _pages(site):
    return [page for page in sorted(site.rglob("*.html")) if "_static" not in page.parts]


class _References(HTMLParser):
    """The addresses that a page leads to, those that it loads, and the ids that it has."""

    def __init__(self, page):
        super().__init__()
        self.links, self.loads, self.ids = [], [], set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids.add(attributes.get("id"))
        for name in ("href", "src", "srcset", "poster", "data"):
            if attributes.get(name):
                (self.links if tag == "a" else self.loads).append(attributes[name])


def test_each_notebook_and_document_has_a_page_that_the_first_one_leads_to(site):
    there = {page.relative_to(site).as_posix() for page in _pages(site)}
    documents = {f"docs/{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    notebooks = {_page(site, topic).relative_to(site).as_posix() for topic in TOPICS}
    assert there == {"index.html", "search.html", *documents, *notebooks}
    assert documents | notebooks <= set(_References(site / "index.html").links)


def test_all_that_pages_lead_to_and_load_is_there(site):
    references = {page.resolve(): _References(page) for page in _pages(site)}
    for page, found in references.items():
        assert not [address for address in found.loads if urlsplit(address).scheme not in ("", "data")], page
        for address in [*found.loads, *found.links]:
            parts = urlsplit(address)
            if parts.scheme:
                assert parts.scheme in ("https", "data"), (page, address)
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.is_file(), (page, address)
            if parts.fragment and target in references:
                assert unquote(parts.fragment) in references[target].ids, (page, address)


@pytest.mark.parametrize("topic", TOPICS)
def test_binder_opens_the_notebook_of_the_page(site, topic):
    notebook = released(ROOT, topic).relative_to(ROOT).as_posix()
    owner_and_name = ADDRESS.removeprefix("https://github.com/")
    links = _References(_page(site, topic)).links
    # The theme's button, and the one below the title.
    assert [link for link in links if "mybinder.org" in link] == 2 * [
        f"https://mybinder.org/v2/gh/{owner_and_name}/HEAD?urlpath=lab/tree/{notebook}"
    ]
    assert ADDRESS in links


@pytest.mark.parametrize("topic", TOPICS)
def test_the_download_is_the_students_notebook_and_the_solution_is_named(site, topic):
    page = _page(site, topic)
    links = _References(page).links
    downloads = {(page.parent / link).resolve() for link in links if link.endswith(".ipynb") and "://" not in link}
    assert [path.read_bytes() for path in downloads] == [released(ROOT, topic).read_bytes()]
    solution = f"solutions/{topic}.py" if topic == START else f"solutions/{topic}/{topic}.ipynb"
    assert f"{ADDRESS}/blob/HEAD/{solution}" in links
    assert (ROOT / solution).exists()


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_shows_the_outputs_of_the_solution_and_no_line_of_it(site, topic):
    text = _page(site, topic).read_text(encoding="utf-8")
    notebook = nbformat.read(released(ROOT, topic), as_version=4)
    demos = ["demo" in cell.metadata.get("downhill", {}) and cell.cell_type == "code" for cell in notebook.cells]
    assert text.count('class="dh-report"') == sum(map(is_check, notebook.cells)) > 0
    assert text.count(f'alt="{ALT}"') == sum(demos) > 0
    assert text.count("sliders sliders") >= sum(demos)
    # A hint may be the answer: it is folded, and meant.
    assert len(re.findall(r"<details>\s*<summary>Hint 1<", text)) == text.count(">Hint 1<") > 0
    visible = unescape(re.sub(r"<[^>]+>", "", re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL)))
    for cell in parse(ROOT / "solutions" / f"{topic}.py", ROOT).cells:
        for block in re.findall(r"### BEGIN SOLUTION\n(.*?)### END", cell.source, re.DOTALL):
            lines = [line.strip() for line in block.splitlines() if len(line.strip()) > 12]
            assert not lines or not all(line in visible for line in lines), (cell.name, lines)


def test_every_page_is_whole_without_a_network_and_fits_the_screen(browser, site):
    """A telephone's in the dark, and then a desk's by day."""
    screens = {"dark": {"width": 390, "height": 844}, "light": {"width": 1400, "height": 844}}
    with browser.new_context(viewport=screens["dark"], color_scheme="dark", offline=True) as context:
        page = context.new_page()
        asked, errors = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        for path in _pages(site):
            page.emulate_media(color_scheme="dark")
            page.set_viewport_size(screens["dark"])
            page.goto(path.as_uri())
            for theme, size in screens.items():
                page.emulate_media(color_scheme=theme)
                page.set_viewport_size(size)
                page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)
                undrawn, pictures, excess = page.evaluate(
                    """() => [
                        [...document.querySelectorAll('.math:not(:has(.katex-html))')].map(each => each.textContent),
                        [...document.images].filter(image => !image.naturalWidth).map(image => image.src),
                        document.documentElement.scrollWidth - innerWidth,
                    ]"""
                )
                assert not undrawn, (path.name, undrawn)
                assert not pictures, (path.name, pictures)
                assert excess <= 0, (path.name, theme, excess)
        assert not errors
        assert asked
        assert not [url for url in asked if urlsplit(url).scheme not in ("file", "data")]


def test_formulas_are_drawn_in_their_own_type(browser, site):
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto(_page(site, TOPICS[-1]).as_uri())
        assert page.locator(".katex-display .mfrac").count() > 0
        assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px KaTeX_Math'))")


def test_a_hint_is_folded_and_opens_by_a_click(browser, site):
    with browser.new_context(viewport={"width": 390, "height": 844}, offline=True) as context:
        page = context.new_page()
        page.goto(_page(site, TOPICS[0]).as_uri())
        hints = page.locator("details", has_text="Hint 1")
        assert page.locator("details[open]").count() == 0
        text = hints.first.locator("p").first
        assert not text.is_visible()
        hints.first.locator("summary").click()
        assert text.is_visible()


def test_what_sphinx_warns_of_stops_the_build(tmp_path, capfd):
    shutil.copytree(ROOT / "docs" / "site", tmp_path / "docs" / "site")
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    (tmp_path / "README.md").write_text("# A course\n\n![a picture](docs/gone.png)\n")
    with pytest.raises(SiteError, match="Sphinx has complained"):
        build_site(tmp_path, {})
    assert "docs/gone.png" in capfd.readouterr().err
