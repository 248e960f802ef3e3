"""Sphinx's settings for the site that `make site` builds; autograder/course/site.py prepares what it reads."""

import tomllib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "Downhill"
language = "en"
extensions = ["myst_nb"]

# Outputs are in the notebooks that it reads.
nb_execution_mode = "off"
nb_merge_streams = True
# Nothing from outside: by default ipywidgets' scripts come from a network.
nb_ipywidgets_js = {}
myst_enable_extensions = ["dollarmath", "amsmath", "html_image", "colon_fence", "attrs_inline"]
myst_heading_anchors = 4
smartquotes = False

html_theme = "sphinx_book_theme"
html_title = project
html_favicon = "static/favicon.svg"
html_static_path = ["static"]
html_css_files = ["katex/katex.min.css", "site.css"]
# Formulas are drawn by what lies in static/: MathJax would come from a network.
html_js_files = [("katex/katex.min.js", {"defer": "defer", "priority": 400})]
mathjax_path = "formulas.js"
myst_update_mathjax = False
html_copy_source = True
html_sourcelink_suffix = ""
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
html_theme_options = {
    "repository_url": _PROJECT["urls"]["repository"],
    "repository_branch": "HEAD",
    "use_repository_button": True,
    "use_download_button": True,
    "launch_buttons": {"binderhub_url": "https://mybinder.org", "notebook_interface": "jupyterlab"},
    "show_toc_level": 1,
    "home_page_in_toc": True,
    "navbar_persistent": [],
    "footer_content_items": [],
}
