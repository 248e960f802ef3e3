"""pitch_shift: a sound of the same length, every frequency times 2^(semitones / 12).

Stretched in time to that many times its length, then read that many times as fast, by linear interpolation (as
torchaudio.functional.pitch_shift and librosa.effects.pitch_shift, which resample with a better filter). Lecture 004 names
pitch shifting. Judged by pitch, length and when things happen, as `time_stretch` is; the pitch of a tone is measured with
torch.fft.
"""

import numpy as np

from autograder.exercises.augmentation._sound import (
    as_sound,
    burst,
    centre_of_energy,
    level,
    middle,
    pitch,
    repeat_probe,
    tone,
    vocoder,
)
from autograder.judge import Case, Finding, Mistake, Probe, Procedure, Script, Want

# Relative: a twentieth of a semitone, or 5 cents. Right ones are off by less than 0.0002.
IN_TUNE = 0.003
# Of a tone's deviation in its earlier part, up a fifth and more: a tape has ended by then, right ones keep a half.
ENDED = 0.1
# Share of samples that equal the one before, a fourth down: 0.25 where the nearest is read, 0 where there is a line.
REPEATED = 0.05
# In samples, as in `time_stretch`: right ones are off by up to 350 for the intervals that are asked.
PLACE = 600

SENTENCES = {
    "sign": "The pitch goes down where it should go up: stretch to `factor` times the length first, a rate of 1 / factor.",
    "not_a_power": "The factor is 1 + semitones / 12. Semitones multiply: 2 ** (semitones / 12), so that 12 of them double.",
    "only_stretched": "The pitch stays: after the stretch the sound still has to be read `factor` times as fast.",
    "only_resampled": "Higher means faster here, as with a tape: what happens at t must stay at t. Stretch the sound first.",
    "nearest_sample": "Samples are repeated or left out, and the sound hisses: read between them, on the line from one to "
    "the next (`np.interp`).",
    "length_changed": "The length changes: at the end there are as many samples as in x.",
    "factor_twice": "The pitch changes twice as much as it should: the factor is applied twice.",
}


def named(mistake):
    return Finding(SENTENCES[mistake], mistake)


def asked(script, x, semitones):
    out = script.call(0, x, semitones)
    script.get(out, Want("out", None))
    return out


def heard(value, x, semitones, dtype="float64"):
    """A result of the length of x, or the finding that says what else came."""
    out = as_sound(value, None, dtype)
    if isinstance(out, Finding) or len(out) == len(x):
        return out
    factor = 2 ** (semitones / 12)
    for mistake, samples in (("only_resampled", len(x) / factor), ("only_stretched", len(x) * factor)):
        if abs(len(out) - samples) <= 2 and abs(samples - len(x)) > 10:
            return named(mistake)
    return named("length_changed")


def ask_tone(case, rng):
    script, tones = Script(), []
    samples, dtype = case.get("samples", 8192), case.get("dtype", "float64")
    for semitones in case.get("semitones"):
        frequency = rng.uniform(0.03, 0.06) * 2 ** (max(-semitones, 0) / 12)
        x = tone(samples, frequency).astype(dtype)
        asked(script, x, semitones)
        tones.append((x, semitones, frequency))

    def findings(values):
        ratios = []
        for value, (x, semitones, frequency) in zip(values, tones, strict=True):
            out = heard(value, x, semitones, dtype)
            if isinstance(out, Finding):
                return [out]
            out = middle(out, 1024)
            # A plain vocoder loses a third of a tone on the way to twice the length.
            if not 0.3 < level(out) / level(x) < 2:
                return [Finding("the tone is nearly gone, or far too loud")]
            early, late = out[:2048], out[int(0.75 * len(out)) :][:1024]
            if semitones >= 7 and np.std(late) < ENDED * np.std(early):
                return [named("only_resampled")]
            ratios.append((pitch(out) / frequency, semitones))
        return pitch_findings(ratios)

    return Probe(script, f"pitch_shift(x, {case.get('semitones')[0]})", findings=findings)


# How the factor is got wrong.
FACTORS = {
    "sign": lambda s: 2 ** (-s / 12),
    "not_a_power": lambda s: 1 + s / 12,
    "only_stretched": lambda s: 1.0,
    "factor_twice": lambda s: 2 ** (s / 6),
}


def pitch_findings(ratios):
    """What pairs of a frequency's ratio and its interval say; a mistake must explain them all."""

    def all_by(factor):
        return all(factor(s) > 0 and abs(got / factor(s) - 1) < IN_TUNE for got, s in ratios)

    if all_by(lambda s: 2 ** (s / 12)):
        return []
    telling = max(abs(s) for _, s in ratios) > 1
    for mistake, factor in FACTORS.items():
        if telling and all_by(factor):
            return [named(mistake)]
    return [Finding("a tone does not get 2^(semitones / 12) times its frequency")]


def ask_place(case, rng):
    """A tone that swells and fades stays where it is."""
    script, places, samples = Script(), [], 12_288
    for semitones in case.get("semitones"):
        for part in (0.3, 0.7):
            x = burst(samples, samples * part + int(rng.integers(-300, 300)), rng.uniform(0.04, 0.06))
            asked(script, x, semitones)
            places.append((x, semitones))

    def findings(values):
        for value, (x, semitones) in zip(values, places, strict=True):
            out = heard(value, x, semitones)
            if isinstance(out, Finding):
                return [out]
            if level(out) < 1e-6:
                return [Finding("the sound is gone")]
            at, centre = centre_of_energy(x), centre_of_energy(out / np.abs(out).max())
            if abs(centre - at) > PLACE:
                moved = min(at / 2 ** (semitones / 12), samples - 1)
                return [
                    named("only_resampled")
                    if abs(centre - moved) < PLACE
                    else Finding("what happens at t does not stay at t")
                ]
        return []

    return Probe(script, f"pitch_shift(x, {case.get('semitones')[0]})", findings=findings)


def ask_between(case, rng):
    """Tones read slower: between two samples of the stretched sound lie others than these two."""
    script, tones = Script(), []
    for semitones in case.get("semitones"):
        frequency = rng.uniform(0.05, 0.08)
        x = tone(8192, frequency)
        asked(script, x, semitones)
        tones.append((x, semitones, frequency))

    def findings(values):
        ratios, repeated = [], []
        for value, (x, semitones, frequency) in zip(values, tones, strict=True):
            out = heard(value, x, semitones)
            if isinstance(out, Finding):
                return [out]
            out = middle(out, 1024)
            if not 0.3 < level(out) / level(x) < 2:
                return [Finding("the tone is nearly gone, or far too loud")]
            ratios.append((pitch(out) / frequency, semitones))
            repeated.append(np.mean(out[1:] == out[:-1]) > REPEATED)
        # Two intervals alike do not tell how a factor is wrong.
        if pitch_findings(ratios):
            return [Finding("a tone does not get 2^(semitones / 12) times its frequency")]
        return [named("nearest_sample")] if all(repeated) else []

    return Probe(script, f"pitch_shift(x, {case.get('semitones')[0]})", findings=findings)


def ask_length(case, rng):
    script, sounds = Script(), []
    for samples, semitones in case.get("calls"):
        x = 0.1 * rng.standard_normal(samples)
        asked(script, x, semitones)
        sounds.append((x, semitones))

    def findings(values):
        for value, (x, semitones) in zip(values, sounds, strict=True):
            out = heard(value, x, semitones)
            if isinstance(out, Finding):
                return [out]
        return []

    return Probe(script, f"pitch_shift(x, {case.get('calls')[0][1]})", findings=findings)


def ask_same(case, rng):
    script, samples = Script(), 6000
    x = sum(part * tone(samples, f * rng.uniform(0.97, 1.03)) for part, f in ((0.8, 0.031), (0.5, 0.083), (0.3, 0.17)))
    asked(script, x, 0)

    def findings(values):
        out = heard(values[0], x, 0)
        if isinstance(out, Finding):
            return [out]
        error = np.abs(middle(out, 1024) - middle(x, 1024)).max()
        return [] if error <= 0.05 * np.abs(x).max() else [Finding("with semitones=0 another sound comes back")]

    return Probe(script, "pitch_shift(x, 0)", findings=findings)


def ask_silence(case, rng):
    script, x = Script(), np.zeros(4096)
    asked(script, x, 4)

    def findings(values):
        out = heard(values[0], x, 4)
        if isinstance(out, Finding):
            return [out]
        return [Finding("silence is not silent any more")] if np.abs(out).max() > 1e-6 else []

    return Probe(script, "pitch_shift(x, 4)", findings=findings)


def ask_inputs(case, rng):
    script, x = Script(), tone(4096, 0.05)
    given = script.put(x)
    script.call(0, given, 3)
    script.get(given, Want("x", x, rtol=0.0, atol=0.0, role="input"))
    return Probe(script, "pitch_shift(x, 3)", {"x": x})


def ask_again(case, rng):
    script = Script()
    sounds = [0.1 * rng.standard_normal(3000) for _ in range(2)]
    return repeat_probe("pitch_shift(x, -4)", script, lambda x: script.call(0, x, -4), sounds)


ASK = {
    "tone": ask_tone,
    "between": ask_between,
    "place": ask_place,
    "length": ask_length,
    "same": ask_same,
    "silence": ask_silence,
    "inputs": ask_inputs,
    "again": ask_again,
}


def ask(case, rng):
    return ASK[case.get("property")](case, rng)


def shifted(x, factor):
    return read_at(vocoder(x, 1 / factor), np.arange(len(x)) * factor)


def read_at(sound, places):
    return np.interp(places, np.arange(len(sound)), sound).astype(sound.dtype)


def down_for_up(x, semitones):
    return shifted(x, 2 ** (-semitones / 12))


def linear_factor(x, semitones):
    return shifted(x, 1 + semitones / 12)


def stretched_and_cut(x, semitones):
    factor = 2 ** (semitones / 12)
    return np.pad(vocoder(x, 1 / factor), (0, len(x)))[: len(x)]


def stretched(x, semitones):
    return vocoder(x, 2 ** (-semitones / 12))


def tape(x, semitones):
    factor = 2 ** (semitones / 12)
    return read_at(x, np.arange(0, len(x), factor))


def tape_filled_up(x, semitones):
    return np.pad(tape(x, semitones), (0, len(x)))[: len(x)]


def tape_repeated(x, semitones):
    factor = 2 ** (semitones / 12)
    return read_at(x, np.arange(len(x)) * factor % (len(x) - 1))


def nearest_read(x, semitones):
    factor = 2 ** (semitones / 12)
    longer = vocoder(x, 1 / factor)
    return longer[np.minimum(np.rint(np.arange(len(x)) * factor).astype(int), len(longer) - 1)]


def cut_down_read(x, semitones):
    factor = 2 ** (semitones / 12)
    longer = vocoder(x, 1 / factor)
    return longer[np.minimum((np.arange(len(x)) * factor).astype(int), len(longer) - 1)]


def wrong_length(x, semitones):
    factor = 2 ** (semitones / 12)
    longer = np.pad(vocoder(x, 1 / factor), (0, 1024))
    return read_at(longer, np.arange(0, len(longer) - 1, factor))


def twice(x, semitones):
    return shifted(x, 2 ** (semitones / 6))


def by_linspace(x, semitones):
    longer = vocoder(x, 2.0 ** (-semitones / 12))
    return read_at(longer, np.linspace(0, len(longer) - 1, len(x)))


def resampled_first(x, semitones):
    """The other way round: read fast, then stretched back."""
    factor = 2 ** (semitones / 12)
    short = read_at(x, np.linspace(0, len(x) - 1, round(len(x) / factor)))
    return np.pad(vocoder(short, len(short) / len(x)), (0, 4))[: len(x)]


def neighbours_weighed(x, semitones):
    factor = float(np.exp2(semitones / 12))
    longer = np.append(vocoder(x, 1 / factor, 2048, 256), [0, 0])
    places = np.minimum(np.arange(len(x)) * factor, len(longer) - 2)
    left = np.floor(places).astype(int)
    share = (places - left).astype(x.dtype)
    return ((1 - share) * longer[left] + share * longer[left + 1]).astype(x.dtype)


def mistake(name, wrong):
    return Mistake(name, wrong, SENTENCES[name])


EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case(
            "the length stays", property="length", calls=[(4099, 7), (4099, -5), (3000, 12), (3001, 0.5), (2048, -12)]
        ),
        Case(
            "an octave up doubles the frequency, an octave down halves it",
            property="tone",
            semitones=(12, -12),
            weight=3,
        ),
        Case("other intervals", property="tone", semitones=(7, -5, 3, -4.5), weight=5),
        Case("a fifth of a semitone", property="tone", semitones=(0.2, -0.2), samples=16_384),
        Case("between two samples the sound lies between them", property="between", semitones=(-5, -4), weight=2),
        Case("what happens at t stays at t", property="place", semitones=(5, -5), weight=4),
        Case("semitones=0 changes nothing but the ends", property="same"),
        Case("silence stays silence", property="silence"),
        Case("float32 in, float32 out", property="tone", semitones=(4, -7), dtype="float32"),
        Case("leaves x as it was", property="inputs"),
        Case("gives the same answer when it is called again", property="again"),
    ],
    mistakes=[
        mistake("sign", down_for_up),
        mistake("not_a_power", linear_factor),
        mistake("only_stretched", stretched_and_cut),
        mistake("only_stretched", stretched),
        mistake("only_resampled", tape),
        mistake("only_resampled", tape_filled_up),
        mistake("nearest_sample", nearest_read),
        mistake("nearest_sample", cut_down_read),
        mistake("length_changed", wrong_length),
        mistake("factor_twice", twice),
    ],
    alternatives=[by_linspace, resampled_first, neighbours_weighed],
    hints=[
        "Reading samples faster raises the pitch and shortens the sound. What has to happen before, so that it ends up as "
        "long as it was?",
        "`factor = 2 ** (semitones / 12)`. Stretch to `factor` times the length: which rate is that? Then read every "
        "`factor`-th sample.",
        "`longer = time_stretch(x, 1 / factor)`, then `np.interp(np.arange(len(x)) * factor, np.arange(len(longer)), "
        "longer)`, in the dtype of x.",
    ],
)
