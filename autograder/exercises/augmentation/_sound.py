"""What the exercises on sound share: sounds to play, answers read with care, and what is heard in them.

Frequencies are in cycles per sample, times in samples: no sample rate is needed.
"""

import math

import numpy as np

from autograder.exercises.augmentation._mixing import Wrong, as_floats, probe, report
from autograder.judge import Script


def as_sound(value, dtype="float64"):
    """What came as a float64 array, if it is a sound of that dtype, of whatever length."""
    if not isinstance(value, np.ndarray):
        raise Wrong("the result must be a NumPy array", got=type(value).__name__)
    if value.ndim != 1:
        raise Wrong("the result must be one-dimensional", got=f"shape {value.shape}")
    if value.dtype.kind == "c":
        raise Wrong("the result is complex: np.fft.irfft gives real samples", got=str(value.dtype))
    return as_floats(value, dtype)


def tone(samples, frequency):
    """A cosine of amplitude 0.5 that begins at its peak.

    A sound mirrored at its beginning, as torch.stft pads it, then goes on without a kink.
    """
    return 0.5 * np.cos(2 * np.pi * frequency * np.arange(samples))


def burst(samples, at, frequency, width=400.0):
    """A tone that swells and fades around one place, and is never quite silent."""
    t = np.arange(samples)
    return tone(samples, frequency) * np.exp(-0.5 * ((t - at) / width) ** 2)


def pitch(sound):
    """The strongest frequency: the peak of the spectrum under a Hann window, a parabola through its logarithm."""
    n = len(sound)
    window = np.hanning(n + 1)[:-1]
    size = np.abs(np.fft.rfft(sound * window, 4 * n))
    k = int(np.clip(np.argmax(size), 1, len(size) - 2))
    left, top, right = np.log(np.maximum(size[k - 1 : k + 2], 1e-300))
    bend = left - 2 * top + right
    return (k + (0.5 * (left - right) / bend if bend else 0.0)) / (4 * n)


def level(sound):
    """Root mean square."""
    return math.sqrt(float(np.mean(sound**2)))


def levels(sound, block=256):
    """Root mean square of one block after the other."""
    whole = sound[: len(sound) // block * block].reshape(-1, block)
    return np.sqrt(np.mean(whole**2, axis=1))


def centre_of_energy(sound):
    """When the sound happens, on average."""
    energy = sound**2
    return float(energy @ np.arange(len(sound)) / max(energy.sum(), 1e-300))


def middle(sound, edge):
    """The sound without its two ends, where padding has a say."""
    return sound[edge : len(sound) - edge]


def telling_frequency(rng, rate, hop, n_fft):
    """A frequency between 0.03 and 0.2 cycles per sample at which wrong phases are heard.

    Frames that are only moved, taken `rate * hop` apart and put out `hop` apart, disagree by a third of a turn; and it
    lies between two bins.
    """
    moved = abs(1 - rate) * hop
    while True:
        frequency = (rng.integers(int(0.03 * moved) + 1, int(0.2 * moved) + 1) + rng.uniform(0.28, 0.42)) / moved
        if abs(frequency * n_fft % 1 - 0.5) < 0.2:
            return frequency


def glide(samples, first, last):
    """A tone whose frequency goes from the first to the last."""
    t = np.arange(samples)
    return 0.5 * np.cos(2 * np.pi * (first * t + (last - first) * t**2 / 2 / samples))


def heard_as(out, at, frequency_at, kinds, error):
    """Which kinds explain the pitches at some places: how many times higher a tone is, and how many times faster."""
    parts = [out[k - 512 : k + 512] for k in at]
    if min(map(np.std, parts)) < 1e-3:
        raise Wrong("a part of the tone is gone")
    got = np.array([pitch(part) for part in parts])
    off = {kind: got - higher * frequency_at(at * faster) for kind, (higher, faster) in kinds.items()}
    return {kind for kind in kinds if np.abs(off[kind]).max() <= error}


def tell(fitting, says):
    """Raise what explains all the sounds, if it is not "", which is right."""
    if all("" in kinds for kinds in fitting):
        return
    kinds = set.intersection(*fitting) - {""}
    raise Wrong(mistake=kinds.pop()) if len(kinds) == 1 else Wrong(says)


def unchanged_probe(called, call, rng):
    """The property that three tones at once come back; Puckette's locked vocoder is off by 1 per cent."""
    parts = ((0.8, 0.031), (0.5, 0.083), (0.3, 0.17))
    x = sum(part * tone(6000, frequency * rng.uniform(0.97, 1.03)) for part, frequency in parts)
    script = Script()
    report(script, [call(script, x)])

    def check(values):
        got, wanted = as_sound(values[0])[1024:4900], x[1024:4900]
        if got.shape != wanted.shape or np.abs(got - wanted).max() > 0.05 * np.abs(x).max():
            raise Wrong("another sound comes back")

    return probe(script, called, check)


def silence_probe(called, call):
    """The property that silence comes back: no phases to speak of, and nothing to divide by."""
    nothing, script = np.zeros(4096), Script()
    report(script, [call(script, x) for x in (nothing, np.concatenate([nothing, tone(4096, 0.05), nothing]))])

    def check(values):
        still, out = map(as_sound, values)
        if np.abs([0.0, *still, *out[:1000], *out[-1000:]]).max() > 1e-6:
            raise Wrong("silence is not silent any more")

    return probe(script, called, check)
