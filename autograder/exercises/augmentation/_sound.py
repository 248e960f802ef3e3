"""What the exercises on sound share: sounds to play, answers read with care, and what is heard in them.

Frequencies are in cycles per sample, times in samples: no sample rate is needed.
"""

import math

import numpy as np
import torch

from autograder.judge import Finding, Probe, Want

DTYPE = (
    "Float32 goes in and float64 comes out: the window, the draws or a new array are float64 and take the result along. "
    "Turn it with `.astype(x.dtype)` at the end."
)


def as_sound(value, samples, dtype, label="the result"):
    """What came as a float64 array, or the finding that says what else came; `samples` None: of any length."""
    if not isinstance(value, np.ndarray):
        return Finding(f"{label} must be a NumPy array", got=type(value).__name__)
    if value.ndim != 1 or (samples is not None and len(value) != samples):
        wanted = "one-dimensional" if samples is None else f"of shape ({samples},)"
        return Finding(f"{label} must be {wanted}", got=f"shape {value.shape}")
    if value.dtype.kind == "c":
        return Finding(f"{label} is complex: np.fft.irfft gives real samples", got=str(value.dtype))
    if value.dtype != np.dtype(dtype):
        if dtype == "float32" and value.dtype == np.float64:
            return Finding(DTYPE, "changes_dtype")
        return Finding(f"{label} must have the dtype of x, {dtype}", got=str(value.dtype))
    if not np.isfinite(value).all():
        return Finding(f"{label} holds values that are not finite")
    if value.size and np.abs(value).max() > 1e6:
        return Finding(f"{label} holds values far outside [-1, 1]")
    return value.astype(np.float64)


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
    window = torch.hann_window(n, dtype=torch.float64)
    size = torch.fft.rfft(torch.tensor(sound) * window, 4 * n).abs().numpy()
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


def vocoder(x, rate, n_fft=1024, hop=256, *, advance=None, phase=np.cumsum, divide=True, length=round):
    """A phase vocoder in NumPy, right as it stands; the mistakes are made of it.

    advance : advance(now, before, hop) -> how far the phases go on from one frame to the next
    phase : phase(advances, axis=0) -> the phases of all frames
    """
    advance = advance or (lambda now, before, hop: np.angle(now) - np.angle(before))
    window = np.hanning(n_fft + 1)[:-1]
    samples = length(len(x) / rate)
    starts = np.arange(0, samples + n_fft, hop)
    there = np.rint(starts * rate).astype(int)
    padded = np.pad(x.astype(np.float64), (n_fft // 2 + hop, there[-1] + n_fft))
    now, before = (np.fft.rfft(padded[at[:, None] + np.arange(n_fft)] * window) for at in (there + hop, there))
    advances = advance(now, before, hop)
    advances[0] = np.angle(now[0])
    frames = np.fft.irfft(np.abs(now) * np.exp(1j * phase(advances, axis=0)), n_fft) * window
    out, weight = np.zeros((2, starts[-1] + n_fft))
    for start, frame in zip(starts, frames, strict=True):
        out[start : start + n_fft] += frame
        weight[start : start + n_fft] += window**2
    whole = out / np.maximum(weight, 1e-9) if divide else out
    return whole[n_fft // 2 : n_fft // 2 + samples].astype(x.dtype)


def repeat_probe(called, script, call, sounds):
    """The property that the same call gives the same answer, another one in between, and that this one stays."""
    first, other = sounds
    handles = [call(first), call(other)]
    script.get(handles[0], Want("out", None))
    script.get(call(first), Want("out", None))

    def findings(values):
        kept, again = (as_sound(value, None, "float64") for value in values)
        for item in (kept, again):
            if isinstance(item, Finding):
                return [item]
        if kept.shape == again.shape and np.allclose(kept, again, rtol=1e-9, atol=1e-9):
            return []
        return [Finding("the same call gives another answer, or an earlier answer is overwritten")]

    return Probe(script, called, findings=findings)
