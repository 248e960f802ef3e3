"""minibatches: the index arrays of one epoch, shuffled, each sample once.

Judged by what any right implementation gives, never by one sequence of draws (lectures 001, 002: sampling a batch;
without replacement within an epoch, as torch.utils.data.DataLoader(shuffle=True) does).
"""

import itertools
import math

import numpy as np

from autograder.judge import Case, Finding, Mistake, Probe, Procedure, Script, Want

# Chance that a right solution fails a case by bad luck, at most; the counts below are held to Chernoff's bound for it.
FALSE_ALARM = 1e-9
# Indices in one batch, whose size is at most 120 here.
MOST = 10_000

SENTENCES = {
    "drops_last_batch": "The samples that do not fill a batch are dropped. The last batch may be short, but every sample "
    "belongs to the epoch.",
    "no_shuffle": "The indices come in order. Shuffle them first: neighbours in a file are rarely independent.",
    "same_order_each_epoch": "A second epoch with the same generator comes in the same order. Draw from `rng` itself at "
    "each call (no new generator, no copy, no fixed seed).",
    "with_replacement": "Some samples come twice in one epoch and others never: draw a permutation, not random indices.",
    "global_generator": "Two generators with the same seed give different batches: the order does not come from `rng` "
    "alone (np.random.shuffle and its kind draw from a global state; an order kept from an earlier call has a say too).",
    "shuffles_batches_only": "The same samples always share a batch: whole batches are shuffled, not the samples. Shuffle "
    "first, then cut.",
    "shuffles_within_batches": "The same samples always share a batch: each batch is shuffled by itself. Shuffle all "
    "indices first, then cut.",
    "not_uniform": "Some orders come far more often than others: shuffle all indices, each order equally likely.",
    "wrong_batch_size": "A batch has another size than `batch_size`; only the last one may be shorter.",
    "fills_last_batch": "The last batch is filled up with samples that this epoch has shown already. It may be short: every "
    "sample comes exactly once.",
    "reuses_buffer": "All batches of an epoch, kept in a list, are the same in the end: one array is filled again for each. "
    "Yield a new array each time (a slice of the order is enough).",
    "overwrites_earlier_result": "The batches of an earlier epoch change when the next one is drawn: they are slices of an "
    "order that is kept and shuffled again. Make a new order at each call.",
    "last_batch_first": "The short batch is not the last one.",
}


def indices(epoch):
    """The batches of an epoch as integer arrays, or the finding that says what else came."""
    if not isinstance(epoch, list):
        return Finding("minibatches must yield index arrays")
    batches = []
    for batch in epoch:
        try:
            array = np.asarray(batch) if isinstance(batch, np.ndarray | list | tuple) else None
        except ValueError:  # a list of lists of different lengths
            array = None
        if array is None or array.ndim != 1 or array.dtype.kind not in "iu":
            what = f"an array of shape {array.shape}, {array.dtype}" if array is not None else type(batch).__name__
            return Finding("each batch must be a one-dimensional array of integers", got=what)
        if array.size == 0:
            return Finding("a batch is empty")
        if array.size > MOST:
            # In int64 it would take eight times what the wire lets through.
            return Finding("a batch is far larger than the data")
        batches.append(array.astype(np.int64))
    return batches


def coverage(batches, n, batch_size):
    """What is wrong with one epoch's indices and sizes."""
    flat = np.concatenate(batches) if batches else np.empty(0, np.int64)
    if flat.size and (flat.min() < 0 or flat.max() >= n):
        return [Finding(f"an index outside 0..{n - 1}")]
    missing, double = n - len(np.unique(flat)), flat.size - len(np.unique(flat))
    sizes = [len(batch) for batch in batches]
    full = all(size == batch_size for size in sizes)
    if double:
        least = min(sizes)
        if len(batches) > 1 and all(np.array_equal(batch[:least], batches[0][:least]) for batch in batches):
            return [named("reuses_buffer")]
        if full and n > batch_size and len(np.unique(flat[:n])) == n:
            return [named("fills_last_batch")]
        return [named("with_replacement") if missing else Finding("some samples come more than once in an epoch")]
    if missing:
        whole = full and missing == n % batch_size
        return [named("drops_last_batch") if whole else Finding("some samples are missing from the epoch")]
    wanted = [batch_size] * (n // batch_size) + [n % batch_size] * (n % batch_size > 0)
    if sizes == wanted:
        return []
    return [named("last_batch_first" if sorted(sizes) == sorted(wanted) else "wrong_batch_size")]


def named(mistake):
    return Finding(SENTENCES[mistake], mistake)


def one_epoch(script, rng, n, batch_size):
    epoch = script.items(script.call(0, n, batch_size, rng), most=4 * n + 8)
    script.get(epoch, Want("batches", None))
    return epoch


def read(values):
    """All epochs as arrays, and the findings about those that are none."""
    epochs = [indices(value) for value in values]
    return epochs, [item for item in epochs if isinstance(item, Finding)][:1]


def ask_coverage(case, rng):
    script = Script()
    sizes = case.get("sizes")
    for n, batch_size in sizes:
        one_epoch(script, script.rng(int(rng.integers(2**31))), n, batch_size)

    def findings(values):
        epochs, wrong = read(values)
        if wrong:
            return wrong
        return [f for batches, (n, size) in zip(epochs, sizes, strict=True) for f in coverage(batches, n, size)][:1]

    return Probe(script, f"minibatches({sizes[0][0]}, {sizes[0][1]}, rng)", findings=findings)


def ask_order(case, rng):
    """Two epochs of one generator, one epoch of its twin, one of another generator: 60! orders, no luck involved.

    The batches are full: who drops the last one loses points for that, not here. The first epoch is looked at again.
    """
    script, (n, size) = Script(), (60, 6)
    seed = int(rng.integers(2**31))
    first, twin, other = script.rng(seed), script.rng(seed), script.rng(seed + 1)
    epoch, *_ = [one_epoch(script, generator, n, size) for generator in (first, first, twin, other)]
    script.get(epoch, Want("batches", None))

    def findings(values):
        epochs, wrong = read(values)
        if wrong:
            return wrong
        orders = [np.concatenate(batches).tolist() if batches else [] for batches in epochs]
        a, again, same_seed, other_seed, a_later = orders
        if sorted(a) != list(range(n)):
            # Which samples come is judged elsewhere; an order needs a whole epoch, but one in order is one.
            return [named("no_shuffle") if in_order(a) else Finding("not every sample comes exactly once")]
        if in_order(a):
            return [named("no_shuffle")]
        if a != a_later:
            return [named("overwrites_earlier_result")]
        if a != same_seed:
            return [named("global_generator")]
        if a in (again, other_seed):
            return [named("same_order_each_epoch")]
        return []

    return Probe(script, f"minibatches({n}, {size}, rng)", findings=findings)


def in_order(order):
    """Whether an order goes up all the way, or down."""
    return len(order) > 1 and len({b > a for a, b in itertools.pairwise(order)}) == 1


def ask_uniform(case, rng):
    """Many epochs: every sample is as likely at every place, and in one batch with every other one.

    Small epochs show what is impossible (400 are enough to see that no sample ever stays in its place), longer ones a
    bias of some per cent: which third of the samples comes in which third of the epoch.
    """
    script, (n, size, epochs), (long, third, more) = Script(), (12, 4, 400), (120, 40, 300)
    generator = script.rng(int(rng.integers(2**31)))
    for _ in range(epochs):
        one_epoch(script, generator, n, size)
    for _ in range(more):
        one_epoch(script, generator, long, third)

    def findings(values):
        read_epochs, wrong = read(values)
        if wrong:
            return wrong
        orders = [np.concatenate(batches) if batches else np.empty(0, int) for batches in read_epochs]
        wanted = [n] * epochs + [long] * more
        if any(sorted(order.tolist()) != list(range(m)) for order, m in zip(orders, wanted, strict=True)):
            return [Finding("not every sample comes exactly once")]
        orders, long_orders = orders[:epochs], np.array(orders[epochs:])
        if all(np.array_equal(order, orders[0]) for order in orders):
            return [Finding("every epoch comes in the same order")]
        together, places = np.zeros((n, n), int), np.zeros((n, n), int)
        for order in orders:
            places[np.arange(n), order] += 1
            for batch in np.split(order, range(size, n, size)):
                together[np.ix_(batch, batch)] += 1
        pairs = together[np.triu_indices(n, 1)]
        if np.isin(pairs, (0, epochs)).all():
            moves = len({frozenset(order[:size].tolist()) for order in orders}) > 1
            return [named("shuffles_batches_only" if moves else "shuffles_within_batches")]
        parts = long_orders.reshape(more, long // third, third) // third
        thirds = np.array([(parts == k).sum(axis=(0, 2)) for k in range(long // third)])
        tests = places.size + pairs.size + thirds.size
        if (
            far(pairs, epochs, (size - 1) / (n - 1), tests)
            or far(places.ravel(), epochs, 1 / n, tests)
            or far(thirds.ravel(), more * third, third / long, tests)
        ):
            return [named("not_uniform")]
        return []

    return Probe(script, f"minibatches({n}, {size}, rng), {epochs} times", findings=findings)


def far(counts, trials, chance, tests):
    """Whether any count is further off than luck explains.

    Chernoff: a count of at least (at most) q * trials has a probability of at most exp(-trials * KL(q, chance)); both
    sides of all tests together stay below FALSE_ALARM. It holds for counts drawn without replacement too (Hoeffding
    1963, section 6).
    """
    limit = math.log(2 * tests / FALSE_ALARM)
    return any(trials * divergence(count / trials, chance) > limit for count in counts)


def divergence(q, p):
    return sum(a * math.log(a / b) for a, b in ((q, p), (1 - q, 1 - p)) if a > 0)


ASK = {"coverage": ask_coverage, "order": ask_order, "uniform": ask_uniform}


def ask(case, rng):
    return ASK[case.get("property")](case, rng)


def drops_last(n, batch_size, rng):
    order = rng.permutation(n)
    for k in range(n // batch_size):
        yield order[k * batch_size : (k + 1) * batch_size]


def in_file_order(n, batch_size, rng):
    order = np.arange(n)
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]


def fixed_seed(n, batch_size, rng):
    yield from shuffled_list(n, batch_size, np.random.default_rng(0))


def copied_generator(n, batch_size, rng):
    import copy

    yield from shuffled_list(n, batch_size, copy.deepcopy(rng))


def random_indices(n, batch_size, rng):
    for start in range(0, n, batch_size):
        yield rng.integers(0, n, min(batch_size, n - start))


def fresh_choice(n, batch_size, rng):
    for start in range(0, n, batch_size):
        yield rng.choice(n, min(batch_size, n - start), replace=False)


def global_state(n, batch_size, rng):
    order = np.random.permutation(n)  # noqa: NPY002
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]


def unseeded_generator(n, batch_size, rng):
    yield from shuffled_list(n, batch_size, np.random.default_rng())


def batches_shuffled(n, batch_size, rng):
    batches = [np.arange(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]
    last = batches.pop() if n % batch_size else None
    for k in rng.permutation(len(batches)):
        yield batches[k]
    if last is not None:
        yield last


def rotated(n, batch_size, rng):
    order = np.roll(np.arange(n), rng.integers(1, n) if n > 1 else 0)
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]


def no_sample_stays(n, batch_size, rng):
    """Sattolo's algorithm: the shuffle of Fisher and Yates, one off."""
    order = np.arange(n)
    for k in range(n - 1, 0, -1):
        j = rng.integers(k)
        order[[k, j]] = order[[j, k]]
    return np.split(order, range(batch_size, n, batch_size))


def swaps_anywhere(n, batch_size, rng):
    order = list(range(n))
    for k, j in enumerate(rng.integers(n, size=n)):
        order[k], order[j] = order[j], order[k]
    return [np.array(order[start : start + batch_size]) for start in range(0, n, batch_size)]


def each_batch_by_itself(n, batch_size, rng):
    for start in range(0, n, batch_size):
        yield rng.permutation(np.arange(start, min(start + batch_size, n)))


def fills_up(n, batch_size, rng):
    order = rng.permutation(n)
    for start in range(0, n, batch_size):
        yield np.take(order, range(start, start + batch_size), mode="wrap")


def one_buffer(n, batch_size, rng):
    order, batch = rng.permutation(n), np.empty(batch_size, int)
    for start in range(0, n, batch_size):
        size = min(batch_size, n - start)
        batch[:size] = order[start : start + size]
        yield batch[:size]


KEPT_ORDERS = {}


def shuffles_one_order_again(n, batch_size, rng):
    order = KEPT_ORDERS.setdefault(n, np.arange(n))
    rng.shuffle(order)
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]


def equal_parts(n, batch_size, rng):
    yield from np.array_split(rng.permutation(n), -(-n // batch_size))


def short_batch_first(n, batch_size, rng):
    order, rest = rng.permutation(n), n % batch_size
    if rest:
        yield order[:rest]
    for start in range(rest, n, batch_size):
        yield order[start : start + batch_size]


def shuffled_list(n, batch_size, rng):
    order = list(range(n))
    rng.shuffle(order)
    return [np.array(order[start : start + batch_size]) for start in range(0, n, batch_size)]


def split_permutation(n, batch_size, rng):
    return np.split(rng.permutation(n), range(batch_size, n, batch_size))


def sorted_random_keys(n, batch_size, rng):
    order = np.argsort(rng.random(n))
    while len(order):
        batch, order = order[:batch_size], order[batch_size:]
        yield batch


SECTION = "Mini-batches: a cheap, noisy slope"


def mistake(name, wrong):
    return Mistake(name, wrong, SENTENCES[name], SECTION)


EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case("every sample once, in full batches", property="coverage", sizes=[(12, 4), (30, 5), (8, 1)], weight=2),
        Case("the last batch may be short", property="coverage", sizes=[(10, 4), (13, 5), (7, 3)], weight=2),
        Case("one batch, and a batch larger than the data", property="coverage", sizes=[(6, 6), (5, 8), (1, 4)]),
        Case("shuffled by rng, anew in each epoch", property="order", weight=3),
        Case("every order is as likely", property="uniform", weight=2),
    ],
    mistakes=[
        mistake("drops_last_batch", drops_last),
        mistake("no_shuffle", in_file_order),
        mistake("same_order_each_epoch", fixed_seed),
        mistake("same_order_each_epoch", copied_generator),
        mistake("with_replacement", random_indices),
        mistake("with_replacement", fresh_choice),
        mistake("global_generator", global_state),
        mistake("global_generator", unseeded_generator),
        mistake("shuffles_batches_only", batches_shuffled),
        mistake("not_uniform", rotated),
        mistake("not_uniform", no_sample_stays),
        mistake("not_uniform", swaps_anywhere),
        mistake("shuffles_within_batches", each_batch_by_itself),
        mistake("fills_last_batch", fills_up),
        mistake("reuses_buffer", one_buffer),
        mistake("overwrites_earlier_result", shuffles_one_order_again),
        mistake("wrong_batch_size", equal_parts),
        mistake("last_batch_first", short_batch_first),
    ],
    alternatives=[shuffled_list, split_permutation, sorted_random_keys],
    hints=[
        "An epoch is a random order of all n indices, cut into pieces. Which comes first, shuffling or cutting?",
        "`rng.permutation(n)` is the order. A `range` with step `batch_size` gives where the pieces start, and a slice that "
        "runs past the end is just shorter.",
        "`order = rng.permutation(n)`, then `for start in range(0, n, batch_size): yield order[start:start + batch_size]`.",
    ],
)
