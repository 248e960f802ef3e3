"""time_stretch: a sound played faster or slower at the same pitch, by a phase vocoder.

Frames of the input, `rate` times as far apart as they are put out; magnitudes as they are, phases carried on by what
the input's advance in the time between two frames (Flanagan and Golden 1966; Dolson 1986; torchaudio's phase_vocoder
and librosa.effects.time_stretch interpolate between frames of a fixed grid). Lecture 004 names time stretching.

Judged by ear, see `_stretches`. Reference: torch.stft and torch.istft, in `with_torch`.
"""

import numpy as np

from autograder.exercises.augmentation._mixing import manner_cases
from autograder.exercises.augmentation._stretches import clicks, glides, lengths, places, same, silence, tones
from autograder.judge import Case, Procedure, alternative, slips, torch

# None of the lengths ends in .5: Python rounds that to the even number, and others do not.
LENGTHS = [(4099, 1.3), (4099, 0.7), (3002, 2), (2501, 0.5), (1024, 0.8), (3001, 1.0), (2777, 1.7, 512, 128)]
FRAMES = [(0.8, 512, 128), (1.25, 2048, 512), (1.2, 512, 64)]

EXERCISE = Procedure(
    ask=lambda case, rng: case.get("property")(case, rng),
    section="10 · Sound: time and pitch",
    cases=[
        Case("the result has round(samples / rate) samples", property=lengths, calls=LENGTHS, weight=1.5),
        Case("a tone goes on in tune, twice and half as fast", property=tones, calls=[(0.5,), (2.0,)], weight=5),
        Case("a tone keeps its pitch and its level", property=tones, calls=[(0.8,), (1.25,)], level=True, weight=7),
        Case("what happens at t happens at t / rate", property=places, rates=(0.7, 1.5), weight=2),
        Case("a glide passes the same pitches, sooner or later", property=glides, rates=(1.25, 0.8), weight=2),
        Case("rate=1 changes nothing but the ends", property=same),
        Case("other n_fft and hop", property=tones, calls=FRAMES, samples=12_000, level=True, weight=2),
        Case("short frames: a click stays a click", property=clicks),
        Case("silence stays silence", property=silence, weight=0.5),
        Case("float32 in, float32 out", about="dtype", property=tones, calls=[(1.25,)], samples=4096, dtype="float32"),
        *manner_cases(
            "time_stretch(x, 0.8)",
            lambda script, function, sent, generator: [script.call(function, sent["x"], 0.8)],
            lambda rng: [{"x": 0.1 * rng.standard_normal(samples)} for samples in (3000, 1024)],
            repeats=True,
        ),
    ],
)


def right(x, rate, n_fft=1024, hop=256):
    length = round(len(x) / rate)
    window = np.hanning(n_fft + 1)[:-1]
    starts = np.arange(0, length + n_fft, hop)
    there = np.rint(starts * rate).astype(int)[:, None] + np.arange(n_fft)
    padded = np.pad(x, (n_fft // 2 + hop, there[-1, -1] + 1)).astype(float)
    before = np.fft.rfft(padded[there] * window)
    now = np.fft.rfft(padded[there + hop] * window)
    advance = np.angle(now) - np.angle(before)
    advance[0] = np.angle(now[0])
    phase = np.cumsum(advance, axis=0)
    frames = np.fft.irfft(np.abs(now) * np.exp(1j * phase)) * window
    out, weight = np.zeros((2, starts[-1] + n_fft))
    for start, frame in zip(starts, frames, strict=True):
        out[start : start + n_fft] += frame
        weight[start : start + n_fft] += window**2
    middle = slice(n_fft // 2, n_fft // 2 + length)
    return (out[middle] / weight[middle]).astype(x.dtype)


MISTAKES = slips("""
naive_resampling (core):
    -> return np.interp(np.arange(round(len(x) / rate)) * rate, np.arange(len(x)), x).astype(x.dtype)
    The pitch changes with the speed: the samples are read faster or slower, as when a tape is. Take frames of the
    input, and put them out at other distances.

inverse_rate: -> rate = 1 / rate
    or starts * rate -> starts / rate
    The sound becomes slower where it should become faster: rate=2 is twice as fast and half as long.

phases_not_carried (core): np.cumsum(advance, axis=0) -> np.angle(now)
    or np.cumsum(advance, axis=0) -> 0 * advance
    or np.angle(now) - np.angle(before) -> 2 * np.pi * hop * np.arange(n_fft // 2 + 1) / n_fft + 0 * np.angle(now)
    or np.angle(now) - np.angle(before) -> np.diff(np.angle(now), axis=0, prepend=0)
    A steady tone trembles or is out of tune: neighbouring frames cancel each other. Their phases have to go on from
    frame to frame, by what the input's phases advance in `hop` samples there.

window_not_divided: out[middle] / weight[middle] -> out[middle]
    or window**2 -> window
    or np.fft.irfft(np.abs(now) * np.exp(1j * phase)) * window -> np.fft.irfft(np.abs(now) * np.exp(1j * phase))
    The level changes: where windowed frames overlap, their windows add up. Divide the sum by the sum of the squared
    windows: one stands before the transform, one after.

cut_not_stretched (core): -> return np.pad(x, (0, len(x)))[: round(len(x) / rate)]
    Nothing is stretched: the sound is cut, or filled up with silence, to the new length.
length_of_frames (detail): slice(n_fft // 2, n_fft // 2 + length) -> slice(n_fft // 2, None)
    The result goes on to the end of the last frame. Cut it to round(len(x) / rate) samples.
length_rounded_down (detail): round(len(x) / rate) -> int(len(x) / rate)
    The length is rounded down. It is round(len(x) / rate).
n_fft_ignored (detail): -> n_fft, hop = 1024, 256
    Frames have another length than n_fft: a click is smeared over more than n_fft samples.

changes_dtype (detail): (out[middle] / weight[middle]).astype(x.dtype) -> out[middle] / weight[middle]
    Float32 goes in and float64 comes out: the window is float64 and takes the result along. Turn it with
    `.astype(x.dtype)` at the end.

in_place (detail): -> x -= np.mean(x)
    `x -= ...` and `x[...] = ...` write into the caller's array. Make a new one.
""")


@alternative
def with_torch(x, rate, n_fft=1024, hop=256):
    """torch.stft, phases and magnitudes between its frames as torchaudio takes them, torch.istft."""
    window = torch.hann_window(n_fft, dtype=torch.float64)
    sound = torch.tensor(x.copy(), dtype=torch.float64)
    grid = torch.stft(sound, n_fft, hop, window=window, pad_mode="constant", return_complex=True)
    steps = torch.arange(0, grid.shape[1], rate, dtype=torch.float64)
    first, between = steps.long(), steps % 1
    grid = torch.nn.functional.pad(grid, (0, 2))
    now, then = grid[:, first], grid[:, first + 1]
    advance = (then.angle() - now.angle()).roll(1, 1)
    advance[:, 0] = grid[:, 0].angle()
    frames = torch.polar(torch.lerp(now.abs(), then.abs(), between), advance.cumsum(1))
    return torch.istft(frames, n_fft, hop, window=window, length=round(len(x) / rate)).numpy().astype(x.dtype)


@alternative
def frame_by_frame(x, rate, n_fft=1024, hop=256):
    """Without padding in front, a symmetric window, only one; advance unwrapped about each bin's own."""
    window, bins = np.hanning(n_fft), 2 * np.pi * np.arange(n_fft // 2 + 1) / n_fft
    samples = round(len(x) / rate)
    padded = np.concatenate([x, np.zeros(2 * n_fft + int(hop * (rate + 1)))])
    out, weight = np.zeros(samples + 2 * n_fft), np.full(samples + 2 * n_fft, 1e-3)
    phase = None
    for start in range(0, samples, hop):
        at = int(start * rate)
        here, on = (np.fft.rfft(window * padded[k : k + n_fft]) for k in (at, at + hop))
        phase = np.angle(here) if phase is None else phase
        out[start : start + n_fft] += np.fft.irfft(np.abs(here) * (np.cos(phase) + 1j * np.sin(phase)))
        weight[start : start + n_fft] += window
        off = np.angle(on) - np.angle(here) - bins * hop
        phase = phase + bins * hop + off - 2 * np.pi * np.round(off / (2 * np.pi))
    return (out / weight)[:samples].astype(x.dtype)


HINTS = [
    "Cut the input into windowed frames and look at their spectra. For the output, a frame every `hop` samples: which "
    "of the input does it take its magnitudes from? And why do the phases it finds there not fit?",
    "For the output's frame at t look at the input at t * rate, rounded, and `hop` samples before: the difference of "
    "the two phases is how far each bin turns in `hop` samples. Add it to the phases of the output's last frame.",
    "`phase = np.cumsum(advance, axis=0)` with `advance = np.angle(now) - np.angle(before)`, the first row being "
    "`np.angle(now[0])`; then `np.fft.irfft(np.abs(now) * np.exp(1j * phase)) * window`, added up every `hop` samples, "
    "and divided by the added-up `window**2`.",
]
