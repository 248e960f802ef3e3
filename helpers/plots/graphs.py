"""Computational graphs with their numbers: values go along the edges, and gradients come back."""

from collections.abc import Callable, Mapping

import numpy as np

from helpers.plots.ready import Notes, NotReady, as_array, ask, describe, name_of, picture
from helpers.plots.style import COLORS

BACK = COLORS[3]
Place = tuple[float, float]
Edge = tuple[str, str]


def written(number: object) -> str:
    """Return a number, or a short column of them, as it stands in a graph; "?" for None.

    >>> written(12.0), written(np.array([1.0, -0.25])), written(None)
    ('12', '(1, −0.25)', '?')
    """
    if number is None:
        return "?"
    array = np.asarray(number, dtype=float)
    if array.ndim:
        return f"({', '.join(written(item) for item in array)})"
    text = f"{float(array):.3g}"
    return ("0" if text == "-0" else text).replace("-", "−")


def draw_graph(
    ax,
    places: Mapping[str, Place],
    labels: Mapping[str, str],
    *,
    edges: Mapping[Edge, tuple[str, str]],
    below: Mapping[str, str],
    returned_in: str = BACK,
) -> None:
    """Draw nodes, and edges from left to right with what goes along them above, and what comes back below.

    Parameters
    ----------
    places : node -> (x, y), the columns one apart
    labels : node -> what stands in its box
    edges : (from, to) -> (text above, text below)
    below : node -> what stands under its box
    returned_in : colour of what stands below an edge
    """
    xs, ys = np.array(list(places.values())).T
    ax.set(xlim=(xs.min() - 0.5, xs.max() + 0.5), ylim=(ys.min() - 0.55, ys.max() + 0.4))
    ax.axis("off")
    frame = {"boxstyle": "round,pad=0.35", "facecolor": "0.93", "edgecolor": "0.4"}
    box = {}
    for node, place in places.items():
        text = ax.text(*place, labels[node], ha="center", va="center", bbox=frame, zorder=3, gid=node)
        box[node] = text.get_bbox_patch()
        under = {"xytext": (0, -15 - 6 * labels[node].count("\n")), "textcoords": "offset points", "zorder": 4}
        words = {"ha": "center", "va": "top", "color": BACK, "fontweight": "bold", "gid": f"d{node}"}
        ax.annotate(below.get(node, ""), place, **under, **words)
    for (source, node), (along, returned) in edges.items():
        ends = np.array([places[source], places[node]])
        # The line counts as data, where the arrow does not.
        ax.plot(*ends.T, color="0.4", linestyle="-", linewidth=1.2, zorder=1)
        arrow = {"arrowstyle": "-|>", "color": "0.4", "shrinkA": 0, "shrinkB": 2, "patchA": box[source]}
        ax.annotate("", ends[1], ends[0], arrowprops=arrow | {"patchB": box[node]}, zorder=2)
        at = ends[0] + 0.5 * (ends[1] - ends[0])
        plain = {"textcoords": "offset points", "ha": "center", "zorder": 4}
        ground = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
        ax.annotate(along, at, xytext=(0, 3), va="bottom", bbox=ground, **plain)
        ax.annotate(
            returned, at, xytext=(0, -3), va="top", color=returned_in, bbox=ground, gid=f"{source}>{node}", **plain
        )


# ---------------------------------------------------------------------------- the student's own

_FORK_PLACES = {"x": (0, 2), "y": (0, 1), "z": (0, 0), "a": (1, 1.6), "b": (1, 0.4), "f": (2, 1)}
_FORK_LABELS = {"a": "a = x + y", "b": "b = max(y, z)", "f": "f = a · b"}
_KEY = ("above an edge: the value that goes along it", "below: the gradient that comes back; bold: all that arrives")


@picture("The graph of (x + y) max(y, z), twice: values go along its edges, and your gradients come back.")
def backprop_graph(notes: Notes, graph_backward: Callable):
    """Show the student's gradients on the graph of f = (x + y) * max(y, z), for y the larger and for z."""
    fig, axes = notes.plt.subplots(1, 2, figsize=(12.4, 4.3))
    for ax, (x, y, z) in zip(axes, ((1.0, 3.0, -2.0), (1.0, 3.0, 5.0)), strict=True):
        values = {"x": x, "y": y, "z": z, "a": x + y, "b": max(y, z), "f": (x + y) * max(y, z)}
        grads: dict[str, float | None] = dict.fromkeys("abxyz")
        with notes.collect():
            grads |= _ask_five(graph_backward, x, y, z)
        da, db = grads["a"], grads["b"]
        back = {
            ("x", "a"): da,
            ("y", "a"): da,
            ("a", "f"): da,
            ("b", "f"): db,
            ("y", "b"): None if db is None else db * (y > z),
            ("z", "b"): None if db is None else db * (z > y),
        }
        edges = {edge: (written(values[edge[0]]), written(share)) for edge, share in back.items()}
        labels = {node: _FORK_LABELS.get(node, node) for node in _FORK_PLACES}
        labels["f"] += f" = {written(values['f'])}"
        below = {node: f"d{node} = {written(grads[node])}" for node in grads} | {"f": "1"}
        draw_graph(ax, _FORK_PLACES, labels, edges=edges, below=below)
        ax.set_title(f"x = {written(x)}, y = {written(y)}, z = {written(z)}")
    fig.supxlabel(f"{_KEY[0]}; {_KEY[1]}", fontsize="small")
    return fig


def _ask_five(graph_backward: Callable, x: float, y: float, z: float) -> dict[str, float]:
    result = ask(graph_backward, x, y, z)
    if not (isinstance(result, dict) and set("abxyz") <= set(result)):
        raise NotReady(name_of(graph_backward), f"gave {describe(result)} where a dict with a, b, x, y, z was expected")
    return {name: float(as_array(graph_backward, result[name], ())) for name in "abxyz"}


_SHARED_PLACES = {"w": (0, 1), "m1": (1, 2), "b": (1, 1), "m2": (1, 0), "s1": (2, 2), "s2": (2, 0)}
_SHARED_PLACES |= {"e1": (3, 2), "e2": (3, 0), "L": (4, 1)}


@picture("The graph of the squared error of two samples that share a weight and a bias, with your gradients.")
def backprop_engine(notes: Notes, backpropagate: Callable, *, w: float = 2.0, b: float = -1.0):
    """Show what the student's pass over a graph gives: two samples of a linear model, one weight, one bias."""
    (x1, t1), (x2, t2) = (1.0, 0.0), (3.0, 3.0)
    values = {"w": w, "b": b, "m1": w * x1, "m2": w * x2}
    values |= {"s1": values["m1"] + b, "s2": values["m2"] + b}
    values |= {"e1": (values["s1"] - t1) ** 2, "e2": (values["s2"] - t2) ** 2}
    values["L"] = values["e1"] + values["e2"]
    graph: dict[str, list[tuple[str, float]]] = {
        "L": [("e1", 1.0), ("e2", 1.0)],
        "e1": [("s1", 2 * (values["s1"] - t1))],
        "e2": [("s2", 2 * (values["s2"] - t2))],
        "s1": [("m1", 1.0), ("b", 1.0)],
        "s2": [("m2", 1.0), ("b", 1.0)],
        "m1": [("w", x1)],
        "m2": [("w", x2)],
        "w": [],
        "b": [],
    }
    labels = {"m1": f"m1 = w · {x1:g}", "m2": f"m2 = w · {x2:g}", "s1": "s1 = m1 + b", "s2": "s2 = m2 + b"}
    labels |= {
        "e1": f"e1 = (s1 − {t1:g})²",
        "e2": f"e2 = (s2 − {t2:g})²",
        "L": f"L = e1 + e2\n= {written(values['L'])}",
    }
    grads: dict[str, float | None] = dict.fromkeys(graph)
    with notes.collect():
        grads |= _ask_all(backpropagate, graph, "L")
    edges = {}
    for node, used in graph.items():
        upstream = grads[node]
        for source, local in used:
            share = None if upstream is None else upstream * local
            edges[source, node] = (written(values[source]), written(share))
    below = {node: f"d{node} = {written(grad)}" for node, grad in grads.items()}
    fig, ax = notes.plt.subplots(figsize=(12.4, 4.3))
    draw_graph(ax, _SHARED_PLACES, {n: labels.get(n, n) for n in graph}, edges=edges, below=below)
    ax.set_title("two samples, one weight and one bias: the squared error")
    fig.supxlabel(f"{_KEY[0]}; {_KEY[1]}", fontsize="small")
    return fig


def _ask_all(backpropagate: Callable, graph: dict, output: str) -> dict[str, float]:
    # `ask` copies arrays, but no lists inside a dict.
    result = ask(backpropagate, {node: list(used) for node, used in graph.items()}, output)
    if not isinstance(result, dict):
        raise NotReady(name_of(backpropagate), f"gave {describe(result)} where a dict of gradients was expected")
    for node in graph:
        if node not in result:
            raise NotReady(name_of(backpropagate), f"gave no gradient of {node}")
    return {node: float(as_array(backpropagate, result[node], ())) for node in graph}
