"""time_stretch: a sound played faster or slower at the same pitch, by a phase vocoder.

Frames of the input, `rate` times as far apart as they are put out; magnitudes as they are, phases carried on by what the
input's advance in the time between two frames (Flanagan and Golden 1966; Dolson 1986; torchaudio.functional.phase_vocoder
and librosa.effects.time_stretch interpolate between frames of a fixed grid). Lecture 004 names time stretching.

Right implementations differ at the ends, between bins and behind an onset from silence, where a plain vocoder loses much
of a tone (phase locking mends that: Laroche and Dolson 1999). So the judge listens: to length, pitch, level, and when
things happen. Thresholds stand between what eleven right implementations give and what the mistakes give. Reference: torch.stft and torch.istft, in `with_torch`.
"""

import numpy as np
import torch

from autograder.exercises.augmentation._sound import (
    as_sound,
    burst,
    centre_of_energy,
    level,
    levels,
    middle,
    pitch,
    repeat_probe,
    telling_frequency,
    tone,
    vocoder,
)
from autograder.judge import Case, Finding, Mistake, Probe, Procedure, Script, Want

# Of a bin of the default frame: right ones are off by 0.002, phases that are not carried on by 0.28 or more.
PITCH = 0.1 / 1024
# A tone that begins at its peak, at moderate rates: right ones keep 0.91 and more; the next wrong window gives 0.75.
LEVEL = 0.15
# Loudest over softest block of a steady tone: right ones are within 0.02, and within 0.2 where places in the input are
# added up as floats, so that a frame is now and then a sample late; trembling ones begin at 0.5.
TREMBLE = 0.3
# In samples: right ones are off by up to 430 (a swelling tone's frames see it early), cut ones by 1,200 and more.
PLACE = 600
# In samples: a sound that is only cut stays exactly where it was; one that is half a frame late comes within 500 of it.
EXACT = 100
# In a frame of 1,024: a gliding tone is smeared; right ones are off by up to 3.2 bins, wrong ones by 14 and more.
GLIDE = 8 / 1024
# Of a click's energy, further away than a frame: right ones have 0.001, frames four times as long 0.03.
SMEAR = 0.01

SENTENCES = {
    "naive_resampling": "The pitch changes with the speed: the samples are read faster or slower, as when a tape is. Take "
    "frames of the input, and put them out at other distances.",
    "inverse_rate": "The sound becomes slower where it should become faster: rate=2 is twice as fast and half as long.",
    "phases_not_carried": "A steady tone trembles or is out of tune: neighbouring frames cancel each other. Their phases "
    "have to go on from frame to frame, by what the input's phases advance in `hop` samples there.",
    "window_not_divided": "The level changes: where windowed frames overlap, their windows add up. Divide the sum by the "
    "sum of the squared windows.",
    "cut_not_stretched": "Nothing is stretched: the sound is cut, or filled up with silence, to the new length.",
    "length_of_frames": "The result goes on to the end of the last frame. Cut it to round(len(x) / rate) samples.",
    "length_rounded_down": "The length is rounded down. It is round(len(x) / rate).",
    "n_fft_ignored": "Frames have another length than n_fft: a click is smeared over more than n_fft samples.",
}


def named(mistake):
    return Finding(SENTENCES[mistake], mistake)


def asked(script, x, case_call):
    """Call with rate, and with n_fft and hop where they are given."""
    rate, *frames = case_call
    keywords = dict(zip(("n_fft", "hop"), frames, strict=False))
    out = script.call(0, x, rate, **keywords)
    script.get(out, Want("out", None))
    return out


def words(case_call):
    rate, *frames = case_call
    return f"time_stretch(x, {rate}" + (f", n_fft={frames[0]}, hop={frames[1]})" if frames else ")")


def heard(value, samples, rate, frame, dtype="float64"):
    """A result of about the right length; the exact one is a case of its own."""
    out = as_sound(value, None, dtype)
    if isinstance(out, Finding) or -frame <= len(out) - samples / rate <= 2 * frame:
        return out
    if abs(len(out) - samples * rate) <= frame // 2:
        return named("inverse_rate")
    return Finding("the result is far from round(len(x) / rate) samples", got=f"{len(out)} samples")


def ask_length(case, rng):
    script, wanted = Script(), []
    for samples, *call in case.get("calls"):
        asked(script, 0.1 * rng.standard_normal(samples), call)
        wanted.append((samples, call[0], call[1] if len(call) > 1 else 1024))

    def findings(values):
        kinds = set()
        for value, (samples, rate, frame) in zip(values, wanted, strict=True):
            out = as_sound(value, None, "float64")
            if isinstance(out, Finding):
                return [out]
            n, right = len(out), round(samples / rate)
            if n == right:
                continue
            if n == round(samples * rate):
                kinds.add("inverse_rate")
            elif n == int(samples / rate):
                kinds.add("length_rounded_down")
            else:
                kinds.add("length_of_frames" if 8 < n - right <= 2 * frame else "")
        if not kinds:
            return []
        (kind, *others) = kinds
        return [named(kind) if kind and not others else Finding("the result must have round(len(x) / rate) samples")]

    return Probe(script, words(case.get("calls")[0][1:]), findings=findings)


def ask_tone(case, rng):
    """Steady tones: their pitch; with `level` also their level, and whether it is steady."""
    script, tones = Script(), []
    samples, dtype = case.get("samples", 8192), case.get("dtype", "float64")
    for call in case.get("calls"):
        rate, frame, hop = (*call, 1024, 256)[:3] if len(call) == 1 else call
        frequency = telling_frequency(rng, rate, hop, frame)
        asked(script, tone(samples, frequency).astype(dtype), call)
        tones.append((rate, frame, frequency))

    def findings(values):
        for value, (rate, frame, frequency) in zip(values, tones, strict=True):
            out = heard(value, samples, rate, frame, dtype)
            if isinstance(out, Finding):
                return [out]
            wrong = tone_findings(middle(out, frame), rate, frequency, case.get("level"))
            if wrong:
                return wrong
        return []

    return Probe(script, words(case.get("calls")[0]), findings=findings)


def tone_findings(sound, rate, frequency, with_level):
    usual = 0.5 / np.sqrt(2)
    if not 1e-3 * usual < level(sound) < 1e3 * usual:
        return [Finding("the tone is gone, or far too loud")]
    got = pitch(sound)
    if abs(got - frequency * rate) < PITCH + 0.01 * frequency:
        return [named("naive_resampling")]
    if abs(got - frequency) > PITCH:
        return [named("phases_not_carried") if abs(got - frequency) < 4 / 1024 else Finding("a tone changes its pitch")]
    if with_level:
        blocks = levels(sound)
        if blocks.min() < 1e-3 * blocks.max():
            return [Finding("a part of the tone is silent")]
        if blocks.max() > (1 + TREMBLE) * blocks.min():
            return [named("phases_not_carried")]
        if abs(level(sound) / usual - 1) > LEVEL:
            return [named("window_not_divided")]
    return []


def ask_place(case, rng):
    """A tone that swells and fades: when, in the result."""
    script, places, samples = Script(), [], 12_288
    for rate in case.get("rates"):
        for part in (0.3, 0.7):
            at = samples * part + int(rng.integers(-300, 300))
            asked(script, burst(samples, at, rng.uniform(0.04, 0.08)), (rate,))
            places.append((rate, at))

    def findings(values):
        for value, (rate, at) in zip(values, places, strict=True):
            out = heard(value, samples, rate, 1024)
            if isinstance(out, Finding):
                return [out]
            if level(out) < 1e-6:
                return [Finding("the sound is gone")]
            centre = centre_of_energy(out / np.abs(out).max())
            if abs(centre - at / rate) > PLACE:
                at_once = min(at, len(out) - 1)
                return [
                    named("cut_not_stretched")
                    if abs(centre - at_once) < EXACT
                    else Finding("what happens at t does not happen at t / rate")
                ]
        return []

    return Probe(script, words((case.get("rates")[0],)), findings=findings)


def ask_glide(case, rng):
    """A tone that glides up, and one down: its pitch in five places."""
    script, glides, samples = Script(), [], 16_384
    for rate, ends in zip(case.get("rates"), ((0.03, 0.13), (0.13, 0.03)), strict=True):
        first, last = rng.uniform(0.9, 1.1, 2) * ends
        t = np.arange(samples)
        asked(script, 0.5 * np.cos(2 * np.pi * (first * t + (last - first) * t**2 / 2 / samples)), (rate,))
        glides.append((rate, first, last))

    def findings(values):
        for value, (rate, first, last) in zip(values, glides, strict=True):
            out = heard(value, samples, rate, 1024)
            if isinstance(out, Finding):
                return [out]
            at = (np.array([0.2, 0.35, 0.5, 0.65, 0.8]) * samples / rate).astype(int)
            parts = [out[k - 512 : k + 512] for k in at]
            if min(level(part) for part in parts) < 1e-3:
                return [Finding("a part of the tone is gone")]
            got = np.array([pitch(part) for part in parts])

            def off(wanted, got=got):
                return np.abs(got - wanted).max() > GLIDE

            right = first + (last - first) * at * rate / samples
            if not off(right):
                continue
            if not off(right * rate):
                return [named("naive_resampling")]
            if not off(first + (last - first) * at / samples):
                return [named("cut_not_stretched")]
            return [Finding("a gliding tone passes its pitches at other times than t / rate")]
        return []

    return Probe(script, words((case.get("rates")[0],)), findings=findings)


def ask_click(case, rng):
    """A click in frames of 256: no further away from its place than the frames reach."""
    script, clicks, samples, frame = Script(), [], 6000, 256
    for rate in (0.8, 1.25, 0.8, 1.25):
        x = burst(samples, int(rng.integers(2000, 4000)), 0.1, width=15.0) + 1e-6 * rng.standard_normal(samples)
        asked(script, x, (rate, frame, 64))
        clicks.append((rate, centre_of_energy(x) / rate))

    def findings(values):
        shares = []
        for value, (rate, at) in zip(values, clicks, strict=True):
            out = heard(value, samples, rate, frame)
            if isinstance(out, Finding):
                return [out]
            energy = (out / max(np.abs(out).max(), 1e-300)) ** 2
            far = np.abs(np.arange(len(out)) - at) > 1.25 * frame
            shares.append(float(energy[far].sum() / max(energy.sum(), 1e-300)))
        if max(shares) <= SMEAR:
            return []
        return [named("n_fft_ignored") if max(shares) < 0.95 else Finding("a click does not come at t / rate")]

    return Probe(script, words((0.8, frame, 64)), findings=findings)


def ask_same(case, rng):
    """rate=1, three tones: the sound itself, but for the ends; Puckette's locked vocoder is off by 1 per cent."""
    script, samples = Script(), 6000
    x = sum(part * tone(samples, f * rng.uniform(0.97, 1.03)) for part, f in ((0.8, 0.031), (0.5, 0.083), (0.3, 0.17)))
    asked(script, x, (1.0,))

    def findings(values):
        out = heard(values[0], samples, 1.0, 1024)
        if isinstance(out, Finding):
            return [out]
        if len(out) != samples:
            return [Finding("with rate=1 the length changes")]
        error = np.abs(middle(out, 1024) - middle(x, 1024)).max()
        if error <= 0.05 * np.abs(x).max():
            return []
        gain = middle(out, 1024) @ middle(x, 1024) / (middle(x, 1024) @ middle(x, 1024))
        scaled = np.abs(middle(out, 1024) - gain * middle(x, 1024)).max() <= 0.05 * np.abs(x).max()
        return [
            named("window_not_divided") if scaled and gain > 0.1 else Finding("with rate=1 another sound comes back")
        ]

    return Probe(script, words((1.0,)), findings=findings)


def ask_silence(case, rng):
    """Silence, and a tone between two silences: no phases to speak of, and nothing to divide by."""
    script, samples = Script(), 4096
    between = np.concatenate([np.zeros(samples), tone(samples, 0.05), np.zeros(samples)])
    for x in (np.zeros(samples), between):
        asked(script, x, (1.25,))

    def findings(values):
        for value, n in zip(values, (samples, 3 * samples), strict=True):
            out = heard(value, n, 1.25, 1024)
            if isinstance(out, Finding):
                return [out]
            quiet = out if n == samples else np.concatenate([out[:1000], out[-1000:]])
            if np.abs(quiet).max() > 1e-6:
                return [Finding("silence is not silent any more")]
        return []

    return Probe(script, words((1.25,)), findings=findings)


def ask_inputs(case, rng):
    script, x = Script(), tone(4096, 0.05)
    given = script.put(x)
    script.call(0, given, 1.25)
    script.get(given, Want("x", x, rtol=0.0, atol=0.0, role="input"))
    return Probe(script, words((1.25,)), {"x": x})


def ask_again(case, rng):
    script = Script()
    sounds = [0.1 * rng.standard_normal(3000) for _ in range(2)]
    return repeat_probe(words((0.8,)), script, lambda x: script.call(0, x, 0.8), sounds)


ASK = {
    "length": ask_length,
    "tone": ask_tone,
    "place": ask_place,
    "glide": ask_glide,
    "click": ask_click,
    "same": ask_same,
    "silence": ask_silence,
    "inputs": ask_inputs,
    "again": ask_again,
}


def ask(case, rng):
    return ASK[case.get("property")](case, rng)


def resampled(x, rate, n_fft=1024, hop=256):
    return np.interp(np.arange(round(len(x) / rate)) * rate, np.arange(len(x)), x).astype(x.dtype)


def slower_for_faster(x, rate, n_fft=1024, hop=256):
    return vocoder(x, 1 / rate, n_fft, hop)


def frames_as_they_are(x, rate, n_fft=1024, hop=256):
    """Overlapping frames, moved, with the phases that they had."""
    return vocoder(x, rate, n_fft, hop, advance=lambda now, before, hop: np.angle(now), phase=lambda a, axis: a)


def no_phases(x, rate, n_fft=1024, hop=256):
    return vocoder(x, rate, n_fft, hop, advance=lambda now, before, hop: 0 * np.angle(now), phase=lambda a, axis: a)


def phases_of_the_bins(x, rate, n_fft=1024, hop=256):
    """Each bin goes on as if the sound stood at the bin's own frequency."""
    bins = 2 * np.pi * np.arange(n_fft // 2 + 1) / n_fft
    return vocoder(x, rate, n_fft, hop, advance=lambda now, before, hop: bins * hop + 0 * np.angle(now))


def advance_of_the_output_frames(x, rate, n_fft=1024, hop=256):
    """The advance between the frames that are put out: rate * hop samples apart in the input."""
    return vocoder(
        x,
        rate,
        n_fft,
        hop,
        advance=lambda now, before, hop: np.diff(np.angle(now), axis=0, prepend=0 * np.angle(now[:1])),
    )


def windows_left_in(x, rate, n_fft=1024, hop=256):
    return vocoder(x, rate, n_fft, hop, divide=False)


def windows_not_squared(x, rate, n_fft=1024, hop=256):
    """The sum of Hann windows is n_fft / (2 hop), of their squares 3 n_fft / (8 hop)."""
    return (0.75 * vocoder(x, rate, n_fft, hop)).astype(x.dtype)


def cut(x, rate, n_fft=1024, hop=256):
    out = np.zeros(round(len(x) / rate), x.dtype)
    out[: len(x)] = x[: len(out)]
    return out


def whole_frames(x, rate, n_fft=1024, hop=256):
    frames = -(-round(len(x) / rate) // hop) + 1
    return np.pad(vocoder(x, rate, n_fft, hop), (0, n_fft))[: frames * hop]


def rounded_down(x, rate, n_fft=1024, hop=256):
    return vocoder(x, rate, n_fft, hop, length=int)


def always_1024(x, rate, n_fft=1024, hop=256):
    return vocoder(x, rate)


def with_torch(x, rate, n_fft=1024, hop=256):
    """torch.stft, phases and magnitudes between its frames as torchaudio takes them, torch.istft."""
    window = torch.hann_window(n_fft, dtype=torch.float64)
    sound = torch.tensor(x, dtype=torch.float64)
    grid = torch.stft(sound, n_fft, hop, window=window, pad_mode="constant", return_complex=True)
    steps = torch.arange(0, grid.shape[1], rate, dtype=torch.float64)
    first, between = steps.long(), steps % 1
    grid = torch.nn.functional.pad(grid, (0, 2))
    now, then = grid[:, first], grid[:, first + 1]
    advance = (then.angle() - now.angle()).roll(1, 1)
    advance[:, 0] = grid[:, 0].angle()
    frames = torch.polar(torch.lerp(now.abs(), then.abs(), between), advance.cumsum(1))
    return torch.istft(frames, n_fft, hop, window=window, length=round(len(x) / rate)).numpy().astype(x.dtype)


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


def phase_locked(x, rate, n_fft=1024, hop=256):
    """Each frame goes on from its neighbours' common phase: no tone is lost behind an onset (after Puckette 1995)."""

    def spread(spectrum):
        lower, upper = np.pad(spectrum, 1)[:-2], np.pad(spectrum, 1)[2:]
        return spectrum - lower - upper

    window = np.sqrt(np.hanning(n_fft + 1)[:-1])
    samples = round(len(x) / rate)
    padded = np.pad(x.astype(float), (n_fft // 2 + hop, 3 * n_fft + 2 * hop))
    out, weight = np.zeros((2, samples + 3 * n_fft))
    last = None
    for start in range(0, samples + n_fft // 2, hop):
        at = min(round(start * rate), len(x) + n_fft // 2)
        before, now = (np.fft.rfft(window**2 * padded[k : k + n_fft]) for k in (at, at + hop))
        turn = 0 if last is None else np.angle(spread(last)) - np.angle(spread(before))
        last = now * np.exp(1j * turn)
        out[start : start + n_fft] += window**2 * np.fft.irfft(last)
        weight[start : start + n_fft] += window**4
    return (out / np.maximum(weight, 1e-9))[n_fft // 2 :][:samples].astype(x.dtype)


def analysis_hop_fixed(x, rate, n_fft=1024, hop=256):
    """Frames `hop` apart in the input, hop / rate apart in the output (Arfib, Keiler and Zoelzer, DAFX 2002)."""
    samples, window = round(len(x) / rate), np.hanning(n_fft + 1)[:-1]
    step = hop if hop / rate <= n_fft // 3 else int(n_fft // 4 * rate)
    padded = np.pad(x.astype(float), (n_fft // 2, 2 * n_fft))
    bins = 2 * np.pi * np.arange(n_fft // 2 + 1) / n_fft
    out, weight = np.zeros((2, samples + 4 * n_fft))
    phase, last, end = None, None, 0
    for k, at in enumerate(range(0, len(padded) - n_fft, step)):
        place = round(k * step / rate)
        if place > samples + n_fft // 2:
            break
        spectrum = np.fft.rfft(window * padded[at : at + n_fft])
        angle = np.angle(spectrum)
        if phase is None:
            phase = angle
        else:
            off = (angle - last - bins * step + np.pi) % (2 * np.pi) - np.pi
            phase = phase + (bins + off / step) * (place - end)
        last, end = angle, place
        out[place : place + n_fft] += window * np.fft.irfft(np.abs(spectrum) * np.exp(1j * phase))
        weight[place : place + n_fft] += window**2
    return (out / np.maximum(weight, 1e-2))[n_fft // 2 :][:samples].astype(x.dtype)


def mistake(name, wrong):
    return Mistake(name, wrong, SENTENCES[name])


EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case(
            "the result has round(samples / rate) samples",
            property="length",
            # None of them ends in .5: Python rounds that to the even number, and others do not.
            calls=[(4099, 1.3), (4099, 0.7), (3002, 2), (2501, 0.5), (1024, 0.8), (3001, 1.0), (2777, 1.7, 512, 128)],
            weight=2,
        ),
        Case(
            "a tone keeps its pitch, twice as fast and half as fast",
            property="tone",
            calls=[(0.5,), (2.0,)],
            weight=3,
        ),
        Case("a tone keeps its pitch and its level", property="tone", calls=[(0.8,), (1.25,)], level=True, weight=3),
        Case("what happens at t happens at t / rate", property="place", rates=(0.7, 1.5), weight=4),
        Case("a glide passes the same pitches, sooner or later", property="glide", rates=(1.25, 0.8), weight=4),
        Case("rate=1 changes nothing but the ends", property="same"),
        Case(
            "other n_fft and hop",
            property="tone",
            calls=[(0.8, 512, 128), (1.25, 2048, 512), (1.2, 512, 64)],
            samples=12_000,
            level=True,
        ),
        Case("short frames: a click stays a click", property="click", weight=2),
        Case("silence stays silence", property="silence"),
        Case("float32 in, float32 out", property="tone", calls=[(1.25,)], dtype="float32"),
        Case("leaves x as it was", property="inputs"),
        Case("gives the same answer when it is called again", property="again"),
    ],
    mistakes=[
        mistake("naive_resampling", resampled),
        mistake("inverse_rate", slower_for_faster),
        mistake("phases_not_carried", frames_as_they_are),
        mistake("phases_not_carried", no_phases),
        mistake("phases_not_carried", phases_of_the_bins),
        mistake("phases_not_carried", advance_of_the_output_frames),
        mistake("window_not_divided", windows_left_in),
        mistake("window_not_divided", windows_not_squared),
        mistake("cut_not_stretched", cut),
        mistake("length_of_frames", whole_frames),
        mistake("length_rounded_down", rounded_down),
        mistake("n_fft_ignored", always_1024),
    ],
    alternatives=[with_torch, frame_by_frame, phase_locked, analysis_hop_fixed],
    hints=[
        "Cut the input into windowed frames and look at their spectra. For the output, a frame every `hop` samples: which "
        "of the input does it take its magnitudes from? And why do the phases it finds there not fit?",
        "For the output's frame at t look at the input at t * rate, rounded, and `hop` samples before: the difference of the two "
        "phases is how far each bin turns in `hop` samples. Add it to the phases of the output's last frame.",
        "`phase = np.cumsum(advance, axis=0)` with `advance = np.angle(now) - np.angle(before)`, the first row being "
        "`np.angle(now[0])`; then `np.fft.irfft(np.abs(now) * np.exp(1j * phase)) * window`, added up every `hop` samples, "
        "and divided by the added-up `window**2`.",
    ],
)
