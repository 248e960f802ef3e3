"""adain: adaptive instance normalization, the content in the style's mean and spread.

out = s(style) (content - m(content)) / s(content) + m(style), m and s = sqrt(biased variance + eps) over the pixels of
each channel of each sample (Huang and Belongie 2017, equation 8). Their code takes the unbiased variance on both sides,
which nearly cancels; here both are as in F.instance_norm. Reference: F.instance_norm and torch.var(correction=0).
"""

import numpy as np

from autograder.judge import Case, F, Function, alternative, slips, torch


def draw(rng, case):
    def features(h, w, part):
        shape = case.get("n"), case.get("c"), h, w
        spread = rng.uniform(0.4, 2.5, (*shape[:2], 1, 1)) * case.get(f"{part}_size", 1.0)
        centre = rng.uniform(-1.0, 1.0, (*shape[:2], 1, 1)) + case.get(f"{part}_offset", 0.0)
        return spread * rng.standard_normal(shape) + centre

    content = features(case.get("h"), case.get("w"), "content")
    style = features(case.get("sh"), case.get("sw"), "style")
    eps = case.get("eps", 1e-5)
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


SIZE = {"n": 2, "c": 3, "h": 4, "w": 5, "sh": 3, "sw": 6}

EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("out",),
    section="8 · Another style",
    scale=scale,
    sizes={"n": "samples", "c": "channels", "h": "rows", "w": "columns", "sh": "style rows", "sw": "style columns"},
    typical=SIZE,
    cases=[
        Case("content and style of one size", **{**SIZE, "w": 4, "sh": 4, "sw": 4}),
        Case("a style of another size", **{**SIZE, "sh": 7, "sw": 2}, weight=2),
        Case("a small eps=1e-8", **SIZE, eps=1e-8, content_size=0.05),
        Case("a large eps=0.5, on both sides, inside the root", **SIZE, eps=0.5, weight=2),
        Case("eps left out is 1e-5", **SIZE, eps=None, content_size=0.01, style_size=0.01),
        Case("one even colour as content", **SIZE, content_size=0.0),
        Case("one even colour as style", **SIZE, style_size=0.0),
        Case("content far from zero", **SIZE, content_offset=1e5, rounding=True),
        # Relative to 1e5 the usual tolerance would hide a variance that has lost all but six digits.
        Case("style far from zero", **SIZE, style_offset=1e5, rtol=1e-12, rounding=True),
    ],
)


def right(content, style, eps=1e-5):
    pixels = (2, 3)
    mean_c = content.mean(axis=pixels, keepdims=True)
    var_c = content.var(axis=pixels, keepdims=True)
    mean_s = style.mean(axis=pixels, keepdims=True)
    var_s = style.var(axis=pixels, keepdims=True)
    std_c = np.sqrt(var_c + eps)
    std_s = np.sqrt(var_s + eps)
    normal = (content - mean_c) / std_c
    return std_s * normal + mean_s


MISTAKES = slips("""
roles_swapped (core): -> content, style = style, content
    Content and style have changed roles: the *content* is normalised, then given the style's spread and mean.
over_the_batch (core): (2, 3) -> (0, 2, 3)
    All samples share their statistics, as in batch norm. Take them over the pixels alone, axes (2, 3).
over_the_channels (core): (2, 3) -> (1, 2, 3)
    All channels share their statistics, as in layer norm. Each channel has its own: axes (2, 3).
across_channels (core): (2, 3) -> 1
    Mean and spread are taken across the channels of each pixel. Take them over the pixels, axes (2, 3).
over_everything (core): (2, 3) -> (0, 1, 2, 3)
    One mean and one spread for all features: say `axis=(2, 3)`, so that each channel of each sample has its own.

ddof_one (detail):
    content.var(axis=pixels, keepdims=True) -> content.var(axis=pixels, keepdims=True, ddof=1)
    style.var(axis=pixels, keepdims=True) -> style.var(axis=pixels, keepdims=True, ddof=1)
    The variance divides by H W - 1. Here it divides by the number of pixels (ddof=0, NumPy's default; torch.var's is
    the other).

eps_on_content_only (detail): var_s + eps -> var_s
    eps is in the content's spread and not in the style's. Both are sqrt(variance + eps), so that equal statistics leave
    the content as it is.

eps_on_style_only (detail): var_c + eps -> var_c
    eps is in the style's spread and not in the content's, where one even colour is divided by 0. Both are
    sqrt(variance + eps).

eps_missing:
    var_c + eps -> var_c
    var_s + eps -> var_s
    eps is not used: one even colour has the variance 0, and 0 / 0 is nan. Both spreads are sqrt(variance + eps).

eps_outside_root (detail):
    np.sqrt(var_c + eps) -> np.sqrt(var_c) + eps
    np.sqrt(var_s + eps) -> np.sqrt(var_s) + eps
    or np.sqrt(var_c + eps) -> np.sqrt(var_c) + eps
    np.sqrt(var_s + eps) -> np.sqrt(var_s)
    eps is added to the standard deviation. It belongs inside the root, sqrt(variance + eps), on both sides.

eps_ignored (detail):
    var_c + eps -> var_c + 1e-5
    var_s + eps -> var_s + 1e-5
    eps is always 1e-5: use the one that is passed.

wrong_default_eps (detail): eps=1e-5 -> eps=1e-8
    or eps=1e-5 -> eps=1e-6
    eps is 1e-5 where the caller leaves it out.

variance_for_spread:
    np.sqrt(var_c + eps) -> var_c + eps
    np.sqrt(var_s + eps) -> var_s + eps
    The spread is the root of the variance; here the variances themselves are divided and multiplied.

style_mean_forgotten: std_s * normal + mean_s -> std_s * normal
    The style's mean is never added: the result is centred on 0.
own_mean_kept: std_s * normal + mean_s -> std_s * normal + mean_c
    The content's own mean is added back. It is the style's that comes in.
means_only: std_s * normal + mean_s -> content - mean_c + mean_s
    Only the means are exchanged. The spread has to become the style's, too.
content_not_centred: content - mean_c -> content
    The content's mean is not subtracted before it is scaled, so it stays in the result.
style_spread_forgotten: std_s * normal + mean_s -> normal + mean_s
    The normalised content is not multiplied by the style's spread: its deviation is 1 still.
mean_times_spread: std_s * normal + mean_s -> std_s * (normal + mean_s)
    The style's mean is multiplied by its spread: scale first, then add the mean.

content_kept (core): std_s * normal + mean_s -> content
    or std_s * normal + mean_s -> normal
    The style plays no part. The normalised content is given the style's spread and mean.

style_kept (core): std_s * normal + mean_s -> style
    The style itself comes back. It is the content that is given the style's mean and spread.

one_pass_variance (detail):
    content.var(axis=pixels, keepdims=True) -> (content**2).mean(axis=pixels, keepdims=True) - mean_c**2
    style.var(axis=pixels, keepdims=True) -> (style**2).mean(axis=pixels, keepdims=True) - mean_s**2
    E[x^2] - E[x]^2 subtracts two large numbers that nearly agree far from zero, and only rounding is left. Subtract
    the mean first, then square (or take `.var`).
""")


@alternative
def channel_by_channel(content, style, eps=1e-5):
    out = np.empty_like(content)
    for n, c in np.ndindex(content.shape[:2]):
        a, b = content[n, c].ravel(), style[n, c].ravel()
        gain = ((b.var() + eps) / (a.var() + eps)) ** 0.5
        out[n, c] = (content[n, c] - a.mean()) * gain + b.mean()
    return out


@alternative
def flat_pixels(content, style, eps=1e-5):
    a, b = (f.reshape(*f.shape[:2], -1) for f in (content, style))
    a = a - a.mean(-1, keepdims=True)
    shift = b.mean(-1, keepdims=True)
    b = b - shift
    gain = np.sqrt((np.mean(b * b, -1, keepdims=True) + eps) / (np.mean(a * a, -1, keepdims=True) + eps))
    return (a * gain + shift).reshape(content.shape)


HINTS = [
    "Which numbers of the style come over, for each channel? Take the content's own away first.",
    "Means and variances over axes (2, 3) with keepdims=True, for content and style alike; the spread is "
    "sqrt(variance + eps).",
    "`std_s * (content - mean_c) / std_c + mean_s`.",
]
