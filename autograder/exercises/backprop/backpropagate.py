"""backpropagate: the gradients of one node of a graph by all others, each node handing back what it has got, once.

grads[input] += grads[node] * local for each use of an input, a node's turn coming after all nodes that use it (reverse
topological order; lecture 002 names the graph, Griewank and Walther 2008, section 3.2, have the algorithm). Reference:
autograd, on a graph of sums.
"""

from collections import Counter, deque
from itertools import pairwise

from autograder.judge import Case, Function, alternative, mistake, slips, torch

CHAIN = {"x": "", "a": "x", "b": "a", "f": "b"}
FORK = {"x": "", "y": "", "a": "xy", "b": "yx", "f": "ab"}
SQUARE = {"x": "", "a": "xx", "b": "axa", "f": "bb"}
# A short way and a long one from f to x: by distance, x and a have their turn too early.
UNEVEN = {"x": "", "a": "x", "b": "a", "c": "b", "d": "ca", "f": "xda"}
OTHERS = {"x": "", "y": "", "a": "x", "b": "y", "f": "a", "g": "fb", "h": "ga"}
LADDER = {"x": ""} | {node: 2 * before for before, node in pairwise("xabcdeghijklf")}


def draw(rng, case):
    """Options: `graph`, the inputs of each node, or None for one that is drawn; `order` of its entries; `zeros`."""
    shape = case.get("graph") or drawn(rng)
    size = 0.6 if case.get("small") else 2.0
    graph = {
        node: [(source, float(rng.uniform(0.5, size) * rng.choice([-1, 1]))) for source in inputs]
        for node, inputs in shape.items()
    }
    if case.get("zeros"):
        graph = {n: [(s, 0.0 if rng.random() < 0.3 else local) for s, local in used] for n, used in graph.items()}
    nodes = list(graph)
    order = case.get("order", "shuffled")
    nodes = nodes[::-1] if order == "backward" else nodes if order == "forward" else rng.permutation(nodes).tolist()
    return {"graph": {node: graph[node] for node in nodes}, "output": case.get("output", "f")}, {}


def drawn(rng):
    """A graph of fifteen nodes, each of which uses one to three earlier ones."""
    names = "uvwxyabcdeghijf"
    return {
        name: "" if k < 4 else "".join(names[i] for i in rng.integers(k, size=rng.integers(1, 4)))
        for k, name in enumerate(names)
    }


def sizes(graph):
    """The graph with all local gradients positive."""
    return {node: [(source, abs(local)) for source, local in used] for node, used in graph.items()}


def reference(graph, output):
    seeds = {node: torch.zeros((), dtype=torch.float64, requires_grad=True) for node in graph}
    values: dict[str, torch.Tensor] = {}

    def value(node):
        if node not in values:
            values[node] = seeds[node] + sum(local * value(source) for source, local in graph[node])
        return values[node]

    slopes = torch.autograd.grad(value(output), list(seeds.values()), allow_unused=True, materialize_grads=True)
    return dict(zip(seeds, slopes, strict=True))


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("grads",),
    # Ways can cancel: rounding is as large as their shares.
    scale=lambda graph, output: {"grads": max(right(sizes(graph), output).values())},
    section="2 · The graph of a computation",
    # Names and numbers, no arrays.
    standard=("inputs", "again"),
    typical={"graph": FORK},
    cases=[
        Case("a chain", graph=CHAIN, order="forward"),
        Case("a fork whose ways meet again: gradients add up", graph=FORK, order="forward", weight=4),
        Case("an input that is used twice by one node, as in x * x", graph=SQUARE, order="forward", weight=6),
        Case("ways of different length: a node waits for all that use it", graph=UNEVEN, order="forward", weight=4),
        Case("listed from the output to the inputs", graph=UNEVEN, order="backward", weight=2),
        Case("listed in no order", graph=UNEVEN, weight=3),
        Case("nodes that the output does not depend on: 0", graph=OTHERS, weight=0.5),
        Case("local gradients of 0", graph=UNEVEN, zeros=True),
        Case("fifteen nodes, at random", weight=3),
        Case("twelve forks in a row: 4096 ways", graph=LADDER, small=True),
    ],
)


def right(graph, output):
    order, seen = [], set()

    def visit(node):
        seen.add(node)
        for source, _ in graph[node]:
            if source not in seen:
                visit(source)
        order.append(node)

    visit(output)
    grads = dict.fromkeys(graph, 0.0)
    grads[output] = 1.0
    for node in reversed(order):
        uses = graph[node]
        for source, local in uses:
            grads[source] += grads[node] * local
    return grads


MISTAKES = slips("""
overwritten (core): grads[source] += grads[node] * local -> grads[source] = grads[node] * local
    A node that is used twice keeps the gradient of one use alone. The gradients of all its uses add up: `+=`.
local_alone (core): grads[node] * local -> local
    What is handed back is the local gradient alone. The chain rule multiplies it by the node's own gradient.
upstream_alone (core): grads[node] * local -> grads[node]
    A node hands its own gradient on as it is. Each use has a local gradient: multiply by it.
added_not_multiplied (core): grads[node] * local -> grads[node] + local
    A node's gradient and the local one are added. Along a way they are multiplied; over different ways products add up.
starts_with_zero (core): grads[output] = 1.0 ->
    All gradients are 0: nothing was there to hand back. The output's gradient by itself is 1.
forward_order (core): reversed(order) -> order
    The nodes have their turn from the inputs on, when nothing has reached them yet. Begin at the output.
listed_order: reversed(order) -> reversed(graph)
    or reversed(order) -> graph
    The nodes have their turn in the order in which they are listed, or the reverse of it. That order means nothing: a
    node's turn comes when all that use it have had theirs.
unreached_left_out (detail): dict.fromkeys(graph, 0.0) -> dict.fromkeys(order, 0.0)
    A node that the output does not depend on has no entry. It has a gradient, and that is 0.
starts_with_one: dict.fromkeys(graph, 0.0) -> dict.fromkeys(graph, 1.0)
    All gradients begin with 1. Only the output's does; the others begin with 0, to have their shares added.
first_use_alone: uses = graph[node] -> uses = dict(graph[node]).items()
    Of two uses by one node, such as x * x, only one counts: `dict(...)` keeps one entry for each name.
""")


@mistake(
    "A node hands back what it has got so far each time that something reaches it, so the first part is handed on "
    "again with the second. Wait until all its users have had their turn, then hand it on once.",
)
def handed_on_again(graph, output):
    grads = dict.fromkeys(graph, 0.0)
    grads[output] = 1.0
    waiting = [output]
    while waiting:
        node = waiting.pop()
        for source, local in graph[node]:
            grads[source] += grads[node] * local
            waiting.append(source)
    return grads


EARLY = (
    "A node has its turn when the first gradient reaches it, and what comes later by a longer way is not handed on. "
    "Its turn comes when *all* that use it have had theirs."
)


@mistake(EARLY)
def by_distance(graph, output):
    return _once_each(graph, output, 0)


@mistake(EARLY, name="by_distance")
def deep_first(graph, output):
    return _once_each(graph, output, -1)


def _once_each(graph, output, end):
    grads = dict.fromkeys(graph, 0.0)
    grads[output] = 1.0
    waiting, seen = [output], {output}
    while waiting:
        node = waiting.pop(end)
        for source, local in graph[node]:
            grads[source] += grads[node] * local
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    return grads


@mistake(
    "The graph is used up: who calls the function again finds less in it. Work on a copy.",
    name="in_place",
    degree="detail",
)
def graph_used_up(graph, output):
    grads = right(graph, output)
    for used in graph.values():
        used.clear()
    return grads


@alternative
def by_counting(graph, output):
    """Kahn's algorithm: a node's turn comes when the count of its open uses is 0."""
    open_uses = Counter(source for used in graph.values() for source, _ in used)
    grads = {node: float(node == output) for node in graph}
    ready = deque(node for node in graph if not open_uses[node])
    while ready:
        node = ready.popleft()
        for source, local in graph[node]:
            grads[source] += grads[node] * local
            open_uses[source] -= 1
            if not open_uses[source]:
                ready.append(source)
    return grads


@alternative
def from_the_users(graph, output):
    """Each node asks those that use it, and remembers the answer."""
    known = {output: 1.0}

    def grad(node):
        if node not in known:
            known[node] = 0.0 + sum(
                grad(user) * local for user, used in graph.items() for source, local in used if source == node
            )
        return known[node]

    # Nothing behind the output counts: it does not lead there.
    return {node: grad(node) if node == output or _leads(graph, node, output) else 0.0 for node in graph}


def _leads(graph, node, output):
    waiting, seen = [output], set()
    while waiting:
        current = waiting.pop()
        seen.add(current)
        waiting += [source for source, _ in graph[current] if source not in seen]
    return node in seen


HINTS = [
    "A node may hand its gradient back when all the nodes that use it have handed theirs to it. Which one may begin, "
    "and in which order do the others follow?",
    "Visit the output's inputs, and theirs, each node once, and put a node on a list after all of its inputs. In that "
    "list no node stands before one of its inputs: read from the end, no node comes before one that uses it.",
    "`def visit(node)`: mark it as seen; visit each input that is not seen yet; then `order.append(node)`. Afterwards "
    "all gradients are 0, the output's 1, and `for node in reversed(order)` adds `grads[node] * local` to its inputs.",
]
