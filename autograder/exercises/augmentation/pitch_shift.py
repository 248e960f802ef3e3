"""pitch_shift: a sound of the same length, every frequency times 2^(semitones / 12).

Stretched in time to that many times its length, then read that many times as fast, by linear interpolation (as
torchaudio.functional.pitch_shift and librosa.effects.pitch_shift, which resample with a better filter). Lecture 004
names pitch shifting. Judged by pitch, length and when things happen, see `_pitches`; the pitch of a tone is measured
with np.fft.
"""

import numpy as np

from autograder.exercises.augmentation import _pitches
from autograder.exercises.augmentation._mixing import manner_cases
from autograder.exercises.augmentation._pitches import between, glides, lengths, places, same, silence
from autograder.exercises.augmentation.time_stretch import right as time_stretch
from autograder.judge import Case, Procedure, alternative, slips


def wrong_factors():
    """The mistakes in the factor alone, each with its factor as a function of the interval."""
    for slip in FACTORS:
        (factor,) = slip.edits.values()
        yield slip.name, lambda semitones, factor=factor: eval(factor, {"np": np, "semitones": semitones})


def tones(case, rng):
    return _pitches.tones(case, rng, wrong_factors)


LENGTHS = [(4099, 4), (4099, -3.5), (3000, 3), (3001, 0.5), (2048, -4)]

EXERCISE = Procedure(
    ask=lambda case, rng: case.get("property")(case, rng),
    section="10 · Sound: time and pitch",
    cases=[
        Case("the length stays", property=lengths, calls=LENGTHS),
        Case("four semitones up, four down", property=tones, semitones=(4, -4), weight=1.5),
        Case("other intervals", property=tones, semitones=(3, -3.5, 2.5), weight=1.5),
        Case("a fifth of a semitone", property=tones, semitones=(0.2, -0.2), samples=16_384, weight=0.5),
        Case("a glide passes higher pitches in the same time", property=glides, semitones=(4, -4), weight=8),
        Case("what happens at t stays at t", property=places, semitones=(4, -4), weight=4),
        Case("between two samples the sound lies between them", property=between, semitones=(-4, -3), weight=0.5),
        Case("semitones=0 changes nothing but the ends", property=same, weight=0.5),
        Case("silence stays silence", property=silence, weight=0.25),
        Case(
            "float32 in, float32 out",
            about="dtype",
            property=tones,
            semitones=(-4,),
            samples=4096,
            dtype="float32",
            weight=0.5,
        ),
        *manner_cases(
            "pitch_shift(x, -4)",
            lambda script, function, sent, generator: [script.call(function, sent["x"], -4)],
            lambda rng: [{"x": 0.1 * rng.standard_normal(samples)} for samples in (3000, 2048)],
            repeats=True,
        ),
    ],
)


def right(x, semitones):
    factor = 2 ** (semitones / 12)
    longer = time_stretch(x, 1 / factor)
    places = np.arange(len(x)) * factor
    out = np.interp(places, np.arange(len(longer)), longer)
    return out.astype(x.dtype)


# Mistakes in the factor alone: what each of them does to a tone is calculated, not written down once more.
FACTORS = slips("""
sign: 2 ** (semitones / 12) -> 2 ** (-semitones / 12)
    The pitch goes down where it should go up: stretch to `factor` times the length first, a rate of 1 / factor, and
    read `factor` times as fast.

not_a_power: 2 ** (semitones / 12) -> 1 + semitones / 12
    The factor is 1 + semitones / 12. Semitones multiply: 2 ** (semitones / 12), so that 12 of them double.
factor_twice: 2 ** (semitones / 12) -> 2 ** (semitones / 6)
    The pitch changes twice as much as it should: the factor is applied twice.
octaves_for_semitones: 2 ** (semitones / 12) -> 2.0**semitones
    The factor is 2 ** semitones: each semitone counts as an octave. There are 12 in one: 2 ** (semitones / 12).
natural_exponent: 2 ** (semitones / 12) -> np.exp(semitones / 12)
    The factor is e^(semitones / 12). An octave doubles the frequency: 2 ** (semitones / 12).
cents_for_semitones: 2 ** (semitones / 12) -> 2 ** (semitones / 1200)
    The pitch hardly changes: 1,200 cents are an octave, but 12 semitones are.
whole_semitones (detail): 2 ** (semitones / 12) -> 2 ** (int(semitones) / 12)
    The interval is cut to whole semitones. Half of one is an interval too.
always_up: 2 ** (semitones / 12) -> 2 ** (abs(semitones) / 12)
    The pitch goes up for a negative interval too. It says how far *down*.
""")

MISTAKES = [
    *FACTORS,
    *slips("""
only_stretched (core): out = np.interp(places, np.arange(len(longer)), longer) -> out = np.resize(longer, len(x))
    or out = np.interp(places, np.arange(len(longer)), longer) -> out = longer
    The pitch stays: after the stretch the sound still has to be read `factor` times as fast.

only_resampled (core): time_stretch(x, 1 / factor) -> x
    or time_stretch(x, 1 / factor) -> x
    np.arange(len(x)) * factor -> np.arange(0, len(x), factor)
    or time_stretch(x, 1 / factor) -> x
    np.arange(len(x)) * factor -> np.arange(len(x)) * factor % (len(x) - 1)
    Higher means faster here, as with a tape: what happens at t must stay at t. Stretch the sound first.

stretched_the_wrong_way: time_stretch(x, 1 / factor) -> time_stretch(x, factor)
    The sound is made shorter where it has to be longer: `factor` times the length is a rate of 1 / factor.

nearest_sample (detail):
    np.interp(places, np.arange(len(longer)), longer) -> longer[np.rint(places).astype(int).clip(0, len(longer) - 1)]
    or np.interp(places, np.arange(len(longer)), longer) -> longer[places.astype(int).clip(0, len(longer) - 1)]
    Samples are repeated or left out, and the sound hisses: read between them, on the line from one to the next
    (`np.interp`).

length_changed (detail): np.arange(len(x)) * factor -> np.arange(0, len(longer) - 1, factor)
    or np.arange(len(x)) * factor -> np.arange(len(x) + 600) * factor
    The length changes: at the end there are as many samples as in x.

changes_dtype (detail): out.astype(x.dtype) -> out
    Float32 goes in and float64 comes out: `np.interp` gives float64. Turn it with `.astype(x.dtype)`.
in_place (detail): -> x -= np.mean(x)
    `x -= ...` and `x[...] = ...` write into the caller's array. Make a new one.
"""),
]


@alternative
def resampled_first(x, semitones):
    """The other way round: read fast, then stretched back."""
    places = np.linspace(0, len(x) - 1, round(len(x) / 2 ** (semitones / 12)))
    short = np.interp(places, np.arange(len(x)), x).astype(x.dtype)
    return np.pad(time_stretch(short, len(short) / len(x)), (0, 4))[: len(x)]


@alternative
def neighbours_weighed(x, semitones):
    factor = float(np.exp2(semitones / 12))
    longer = np.append(time_stretch(x, 1 / factor, 2048, 256), [0, 0])
    places = np.minimum(np.arange(len(x)) * factor, len(longer) - 2)
    left = np.floor(places).astype(int)
    share = (places - left).astype(x.dtype)
    return ((1 - share) * longer[left] + share * longer[left + 1]).astype(x.dtype)


HINTS = [
    "Reading samples faster raises the pitch and shortens the sound. What has to happen before, so that it ends up as "
    "long as it was?",
    "`factor = 2 ** (semitones / 12)`. Stretch to `factor` times the length: which rate is that? Then read every "
    "`factor`-th sample.",
    "`longer = time_stretch(x, 1 / factor)`, then `np.interp(np.arange(len(x)) * factor, np.arange(len(longer)), "
    "longer)`, in the dtype of x.",
]
