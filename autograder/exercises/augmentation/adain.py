"""adain: adaptive instance normalization, the content in the style's mean and spread.

out = s(style) (content - m(content)) / s(content) + m(style), m and s = sqrt(biased variance + eps) over the pixels of
each channel of each sample (Huang and Belongie 2017, equation 8). Their code takes the unbiased variance on both sides,
which nearly cancels; here both are as in F.instance_norm. Reference: F.instance_norm and torch.var(correction=0).
"""

import numpy as np
import torch
import torch.nn.functional as F

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    def features(shape, part):
        spread = rng.uniform(0.4, 2.5, (*shape[:2], 1, 1)) * case.get(f"{part}_size", 1.0)
        centre = rng.uniform(-1.0, 1.0, (*shape[:2], 1, 1)) + case.get(f"{part}_offset", 0.0)
        return spread * rng.standard_normal(shape) + centre

    shape = case.get("shape")
    content = features(shape, "content")
    style = features(case.get("style", shape), "style")
    eps = case.get("eps")
    return {"content": content, "style": style}, {} if eps is None else {"eps": eps}


def reference(content, style, eps=1e-5):
    normal = content - content.mean((2, 3), keepdim=True)
    # F.instance_norm refuses a single pixel, where there is nothing left but zeros.
    normal = F.instance_norm(content, eps=eps) if content[0, 0].numel() > 1 else normal
    var, mean = torch.var_mean(style, (2, 3), correction=0, keepdim=True)
    return torch.sqrt(var + eps) * normal + mean


def scale(content, style, eps=1e-5):
    # What is compared is the style's spread about its mean, however far from zero that is.
    spread = np.sqrt(style.astype(np.float64).var((2, 3), keepdims=True) + eps)
    return {"out": np.broadcast_to(spread + np.abs(style - style.mean()).max() * 1e-3, content.shape)}


def moments(f, axis=(2, 3)):
    return f.mean(axis=axis, keepdims=True), f.var(axis=axis, keepdims=True)


def with_axes(axis):
    def wrong(content, style, eps=1e-5):
        (mean_c, var_c), (mean_s, var_s) = moments(content, axis), moments(style, axis)
        return np.sqrt(var_s + eps) * (content - mean_c) / np.sqrt(var_c + eps) + mean_s

    return wrong


def roles_swapped(content, style, eps=1e-5):
    return right(style, content, eps)


def unbiased(content, style, eps=1e-5):
    mean_c, mean_s = moments(content)[0], moments(style)[0]
    var_c, var_s = (f.var(axis=(2, 3), keepdims=True, ddof=1) for f in (content, style))
    return np.sqrt(var_s + eps) * (content - mean_c) / np.sqrt(var_c + eps) + mean_s


def eps_on_content(content, style, eps=1e-5):
    (mean_c, var_c), (mean_s, var_s) = moments(content), moments(style)
    return np.sqrt(var_s) * (content - mean_c) / np.sqrt(var_c + eps) + mean_s


def eps_outside_the_root(content, style, eps=1e-5):
    (mean_c, var_c), (mean_s, var_s) = moments(content), moments(style)
    return (np.sqrt(var_s) + eps) * (content - mean_c) / (np.sqrt(var_c) + eps) + mean_s


def eps_outside_and_on_content(content, style, eps=1e-5):
    (mean_c, var_c), (mean_s, var_s) = moments(content), moments(style)
    return np.sqrt(var_s) * (content - mean_c) / (np.sqrt(var_c) + eps) + mean_s


def eps_fixed(content, style, eps=1e-5):
    return right(content, style, 1e-5)


def another_eps(content, style, eps=1e-8):
    return right(content, style, eps)


def variances(content, style, eps=1e-5):
    (mean_c, var_c), (mean_s, var_s) = moments(content), moments(style)
    return (var_s + eps) * (content - mean_c) / (var_c + eps) + mean_s


def mean_forgotten(content, style, eps=1e-5):
    (mean_c, var_c), (_, var_s) = moments(content), moments(style)
    return np.sqrt(var_s + eps) * (content - mean_c) / np.sqrt(var_c + eps)


def own_mean_stays(content, style, eps=1e-5):
    (mean_c, var_c), (_, var_s) = moments(content), moments(style)
    return np.sqrt(var_s + eps) * (content - mean_c) / np.sqrt(var_c + eps) + mean_c


def means_only(content, style, eps=1e-5):
    return content - moments(content)[0] + moments(style)[0]


def content_not_centred(content, style, eps=1e-5):
    (_, var_c), (mean_s, var_s) = moments(content), moments(style)
    return np.sqrt(var_s + eps) * content / np.sqrt(var_c + eps) + mean_s


def style_spread_forgotten(content, style, eps=1e-5):
    (mean_c, var_c), (mean_s, _) = moments(content), moments(style)
    return (content - mean_c) / np.sqrt(var_c + eps) + mean_s


def mean_times_spread(content, style, eps=1e-5):
    (mean_c, var_c), (mean_s, var_s) = moments(content), moments(style)
    return np.sqrt(var_s + eps) * ((content - mean_c) / np.sqrt(var_c + eps) + mean_s)


def right(content, style, eps):
    (mean_c, var_c), (mean_s, var_s) = moments(content), moments(style)
    return np.sqrt(var_s + eps) * (content - mean_c) / np.sqrt(var_c + eps) + mean_s


def channel_by_channel(content, style, eps=1e-5):
    out = np.empty_like(content)
    for n, c in np.ndindex(content.shape[:2]):
        a, b = content[n, c].ravel(), style[n, c].ravel()
        gain = ((b.var() + eps) / (a.var() + eps)) ** 0.5
        out[n, c] = (content[n, c] - a.mean()) * gain + b.mean()
    return out


def flat_pixels(content, style, eps=1e-5):
    a, b = (f.reshape(*f.shape[:2], -1) for f in (content, style))
    a = a - a.mean(-1, keepdims=True)
    shift = b.mean(-1, keepdims=True)
    b = b - shift
    gain = np.sqrt((np.mean(b * b, -1, keepdims=True) + eps) / (np.mean(a * a, -1, keepdims=True) + eps))
    return (a * gain + shift).reshape(content.shape)


def in_double(content, style, eps=1e-5):
    return right(content.astype(np.float64), style.astype(np.float64), eps).astype(content.dtype)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    scale=scale,
    typical={"shape": (2, 3, 4, 5), "style": (2, 3, 3, 6)},
    cases=[
        Case("content and style of one size", shape=(2, 3, 4, 4)),
        Case("a style of another size", shape=(2, 3, 4, 5), style=(2, 3, 7, 2), weight=2),
        Case("one sample, one channel", shape=(1, 1, 3, 4), style=(1, 1, 5, 2)),
        Case("a small eps=1e-8", shape=(2, 3, 4, 4), style=(2, 3, 3, 4), eps=1e-8, content_size=0.05),
        Case(
            "a large eps=0.5, on both sides, inside the root", shape=(2, 2, 4, 3), style=(2, 2, 3, 3), eps=0.5, weight=2
        ),
        Case("eps left out is 1e-5", shape=(2, 3, 5, 4), content_size=0.01, style_size=0.01),
        Case("one even colour as content", shape=(2, 3, 4, 4), content_size=0.0),
        Case("one even colour as style", shape=(2, 3, 4, 4), style_size=0.0),
        Case("content far from zero", shape=(2, 3, 6, 6), content_offset=1e5),
        # Relative to 1e5 the usual tolerance would hide a variance that has lost all but six digits.
        Case("style far from zero", shape=(2, 3, 6, 6), style_offset=1e5, rtol=1e-12),
        Case("a single pixel", shape=(3, 2, 1, 1)),
    ],
    mistakes=[
        Mistake(
            "roles_swapped",
            roles_swapped,
            "Content and style have changed roles: the *content* is normalised, then given the style's spread and mean.",
        ),
        Mistake(
            "over_the_batch",
            with_axes((0, 2, 3)),
            "All samples share their statistics, as in batch norm. Take them over the pixels alone, axes (2, 3).",
        ),
        Mistake(
            "over_the_channels",
            with_axes((1, 2, 3)),
            "All channels share their statistics, as in layer norm. Each channel has its own: axes (2, 3).",
        ),
        Mistake(
            "across_channels",
            with_axes(1),
            "Mean and spread are taken across the channels of each pixel. Take them over the pixels, axes (2, 3).",
        ),
        Mistake(
            "ddof_one",
            unbiased,
            "The variance divides by H W - 1. Here it divides by the number of pixels (ddof=0, NumPy's default; torch.var's "
            "is the other).",
        ),
        Mistake(
            "eps_on_content_only",
            eps_on_content,
            "eps is in the content's spread and not in the style's. Both are sqrt(variance + eps), so that equal statistics "
            "leave the content as it is.",
        ),
        Mistake(
            "eps_outside_root",
            eps_outside_the_root,
            "eps is added to the standard deviations. It belongs inside the root: sqrt(variance + eps).",
        ),
        Mistake(
            "eps_outside_root",
            eps_outside_and_on_content,
            "eps is added to the standard deviation. It belongs inside the root, sqrt(variance + eps), on both sides.",
        ),
        Mistake("eps_ignored", eps_fixed, "eps is always 1e-5: use the one that is passed."),
        Mistake("wrong_default_eps", another_eps, "eps is 1e-5 where the caller leaves it out."),
        Mistake(
            "variance_for_spread",
            variances,
            "The spread is the root of the variance; here the variances themselves are divided and multiplied.",
        ),
        Mistake("style_mean_forgotten", mean_forgotten, "The style's mean is never added: the result is centred on 0."),
        Mistake(
            "own_mean_kept", own_mean_stays, "The content's own mean is added back. It is the style's that comes in."
        ),
        Mistake("means_only", means_only, "Only the means are exchanged. The spread has to become the style's, too."),
        Mistake(
            "content_not_centred",
            content_not_centred,
            "The content's mean is not subtracted before it is scaled, so it stays in the result.",
        ),
        Mistake(
            "style_spread_forgotten",
            style_spread_forgotten,
            "The normalised content is not multiplied by the style's spread: its deviation is 1 still.",
        ),
        Mistake(
            "mean_times_spread",
            mean_times_spread,
            "The style's mean is multiplied by its spread: scale first, then add the mean.",
        ),
    ],
    alternatives=[channel_by_channel, flat_pixels, in_double],
    hints=[
        "Which numbers of the style come over, for each channel? Take the content's own away first.",
        "Means and variances over axes (2, 3) with keepdims=True, for content and style alike; the spread is "
        "sqrt(variance + eps).",
        "`std_s * (content - mean_c) / std_c + mean_s`.",
    ],
)
