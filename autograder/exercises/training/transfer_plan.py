"""transfer_plan: what to do with a network that somebody else has trained.

Lecture 003's table, by how much data there is and how like the network's own it is: little and similar, "linear
classifier"; lots and similar, "finetune few"; lots and different, "finetune many"; little and different, "trouble".
Anything else raises ValueError. Reference: the table.
"""

from autograder.judge import Case, Function, Probe, Script, Want, alternative, mistake, slips
from autograder.worker.functions import error_of
from autograder.worker.wire import Handle

TABLE = {
    ("little", "similar"): "linear classifier",
    ("lots", "similar"): "finetune few",
    ("lots", "different"): "finetune many",
    ("little", "different"): "trouble",
}


class Plan(Function):
    """A function that has to raise ValueError for the arguments of the case's `unknown`."""

    def probe(self, case, rng):
        if not case.get("unknown"):
            return super().probe(case, rng)
        script = Script()
        for pair in case.get("unknown"):
            raised = script.call(script.named(error_of), Handle(0), *pair)
            script.get(raised, Want("transfer_plan({!r}, {!r}) raises".format(*pair), "ValueError", result="raises"))
        return Probe(script, "transfer_plan({!r}, {!r})".format(*case.get("unknown")[0]))


def asked(title, data, similarity):
    return Case(title, pairs=[(data, similarity)], weight=2)


EXERCISE = Plan(
    draw=lambda rng, case: [
        ({"data": data, "similarity": similarity}, {}) for data, similarity in case.get("pairs", TABLE)
    ],
    reference=lambda data, similarity: TABLE[data, similarity],
    returns=("plan",),
    section="9 · Borrowed features",
    # Words go in, words come out.
    standard=("again",),
    typical={"pairs": list(TABLE)},
    cases=[
        asked("little data, similar", "little", "similar"),
        asked("lots of data, similar", "lots", "similar"),
        asked("lots of data, different", "lots", "different"),
        asked("little data, different", "little", "different"),
        Case("an unknown amount", unknown=[("some", "similar"), ("", "different"), ("few", "similar")]),
        Case("an unknown likeness", unknown=[("lots", "same"), ("little", "dissimilar"), ("little", "unlike")]),
        Case("arguments in the other order", unknown=[("similar", "lots"), ("different", "little")], weight=0.5),
        Case("not nearly the words", unknown=[("Lots", "similar"), ("little", "Similar")], weight=0.5),
    ],
)


def right(data, similarity):
    if data not in ("little", "lots"):
        raise ValueError("data")
    if similarity not in ("similar", "different"):
        raise ValueError("similarity")
    little, similar = data == "little", similarity == "similar"
    if similar:
        return "linear classifier" if little else "finetune few"
    return "trouble" if little else "finetune many"


MISTAKES = slips("""
few_and_many_swapped:
    "finetune few" -> "finetune many"
    "finetune many" -> "finetune few"
    Few and many are swapped. The more the data differ from the network's own, the more layers have to learn anew.
trouble_and_classifier_swapped:
    "linear classifier" -> "trouble"
    "trouble" -> "linear classifier"
    "linear classifier" and "trouble" are swapped. Little data are enough where the features fit already.
axes_swapped:
    "finetune few" -> "trouble"
    "trouble" -> "finetune few"
    The axes of the table are swapped: lots of similar data is one thing, little that differs another.
data_turned_round (core): data == "little" -> data == "lots"
    Little and lots are taken for one another.
similarity_turned_round (core): similarity == "similar" -> similarity == "different"
    Similar and different are taken for one another.
one_row_for_both:
    "trouble" -> "linear classifier"
    "finetune many" -> "finetune few"
    The likeness makes no difference. The table has two columns.
one_row_for_both:
    "linear classifier" -> "trouble"
    "finetune few" -> "finetune many"
    The likeness makes no difference. The table has two columns.
one_column_for_both:
    "finetune few" -> "linear classifier"
    "finetune many" -> "trouble"
    The amount of data makes no difference. The table has two rows.
one_column_for_both:
    "linear classifier" -> "finetune few"
    "trouble" -> "finetune many"
    The amount of data makes no difference. The table has two rows.
little_different_finetuned: "trouble" -> "finetune many"
    or "trouble" -> "finetune few"
    Little data that differ are fine-tuned on. There is too little of it: that is the case without a good answer.
little_different_classified: "trouble" -> "linear classifier"
    Little data that differ get a linear classifier. The features do not fit them: that is the case without a good
    answer.
many_for_similar: "finetune few" -> "finetune many"
    Lots of similar data: a few layers are enough.
few_for_different: "finetune many" -> "finetune few"
    Lots of data that differ: more than a few layers have to learn anew.
unknown_data_answered (detail): if data not in ("little", "lots"): raise ValueError("data") ->
    An unknown `data` gets an answer. It raises ValueError.
unknown_similarity_answered (detail): if similarity not in ("similar", "different"): raise ValueError("similarity") ->
    An unknown `similarity` gets an answer. It raises ValueError.
other_case_answered (detail): -> data, similarity = data.lower(), similarity.lower()
    Words in capitals get an answer. The words are as they are asked for, all else raises ValueError.
""")


@mistake("An unknown word gets an answer, None or another one. It raises ValueError.", degree="detail")
def unknown_answered(data, similarity):
    return TABLE.get((data, similarity))


@mistake("An unknown word raises another error than ValueError.", degree="detail")
def another_error(data, similarity):
    return TABLE[data, similarity]


@alternative
def in_a_table(data, similarity):
    try:
        return TABLE[data, similarity]
    except KeyError:
        raise ValueError(f"no plan for data={data!r}, similarity={similarity!r}") from None


@alternative
def case_by_case(data, similarity):
    match data, similarity:
        case "little", "similar":
            return "linear classifier"
        case "little", "different":
            return "trouble"
        case "lots", "similar" | "different":
            return f"finetune {'few' if similarity == 'similar' else 'many'}"
    raise ValueError("no such case")


HINTS = [
    "Two questions, two answers each: four plans. What if the answer to one of them is another word?",
    "Similar data need little change: a new last layer where there are few of them, a few layers where there are lots. "
    "Different data need more, and with few of them there is nothing that helps.",
    "A dict with the four pairs as keys; `raise ValueError(...)` for any other pair.",
]
