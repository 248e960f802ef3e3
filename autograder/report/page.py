"""Pages of reports: templates of this folder, filled in with what is escaped."""

from collections.abc import Callable

from jinja2 import Environment, PackageLoader, Template, select_autoescape


def template(name: str, /, **filters: Callable) -> Template:
    """A template.

    Parameters
    ----------
    name : of the file, such as "class_page.html"
    filters : what it calls by these names
    """
    loader = PackageLoader("autograder.report", ".")
    environment = Environment(loader=loader, autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True)
    environment.filters |= filters
    return environment.get_template(name)
