"""Train the rule of helpers/learned.py over many small problems, and write helpers/learned.json.

    python docs/learned_optimizer.py [--rounds 1500]

Each round draws new problems of one kind (quadratics, logistic regressions, networks with one hidden layer, all with
noisy slopes), lets the rule take some steps on them, and changes its weights so that the losses on the way fall faster.
As in Andrychowicz et al. (2016) no derivative is taken through the slopes themselves. None of the problems is one that
the notebook shows.
"""

import argparse
import json
import math

import torch

from helpers.learned import FILE, KEPT, KEPT_SQUARES, SCALE

STEPS = 60
_HIDDEN = 10
_PROBLEMS = 12


def quadratics(draw):
    """Bowls in ten dimensions, turned, of condition 1 to 1000, with a little noise in the slope."""
    n = 10
    turned = torch.linalg.qr(torch.randn(_PROBLEMS, n, n, generator=draw))[0]
    spread = 3 * torch.rand(_PROBLEMS, 1, generator=draw)
    curvature = 10 ** (spread * (torch.rand(_PROBLEMS, n, generator=draw) - 0.5))
    target = torch.randn(_PROBLEMS, n, generator=draw)
    size = 10 ** torch.empty(_PROBLEMS).uniform_(-1, 1, generator=draw)

    def loss(w):
        away = torch.einsum("bij,bj->bi", turned, w[..., 0] - target)
        noise = 0.02 * torch.randn(away.shape, generator=draw)
        return size * ((curvature * away**2).sum(-1) / 2 + (noise * away).sum(-1) + 0.01).clamp(min=1e-3)

    return torch.zeros(_PROBLEMS, n, 1), loss


def regressions(draw):
    """Logistic regressions with ten inputs of different sizes, a mini-batch of 20 at a time."""
    x = torch.randn(_PROBLEMS, 200, 10, generator=draw) * 10 ** torch.empty(_PROBLEMS, 1, 10).uniform_(
        -0.7, 0.7, generator=draw
    )
    truth = torch.randn(_PROBLEMS, 10, 1, generator=draw) * 1.5
    y = (torch.rand(_PROBLEMS, 200, 1, generator=draw) < torch.sigmoid(x @ truth)).float()

    def loss(w):
        batch = torch.randint(200, (20,), generator=draw)
        z = x[:, batch] @ w
        return (
            torch.nn.functional.binary_cross_entropy_with_logits(z, y[:, batch], reduction="none").mean((1, 2)) + 0.02
        )

    return torch.zeros(_PROBLEMS, 10, 1), loss


def networks(draw):
    """Three clouds in six dimensions told apart by eight ReLU units, a mini-batch of 20 at a time."""
    centres = 1.2 * torch.randn(_PROBLEMS, 6, 6, generator=draw)
    kind = torch.randint(6, (_PROBLEMS, 240), generator=draw)
    x = torch.take_along_dim(centres, kind[..., None], 1) + 0.7 * torch.randn(_PROBLEMS, 240, 6, generator=draw)
    y = kind % 3
    start = torch.randn(_PROBLEMS, 6 * 8 + 8 * 3, 1, generator=draw)
    start[:, :48] *= math.sqrt(2 / 6)
    start[:, 48:] *= math.sqrt(2 / 8)

    def loss(w):
        batch = torch.randint(240, (20,), generator=draw)
        first, second = w[:, :48, 0].reshape(-1, 6, 8), w[:, 48:, 0].reshape(-1, 8, 3)
        scores = torch.relu(x[:, batch] @ first) @ second
        shape = scores.shape[:2]
        return (
            torch.nn.functional.cross_entropy(scores.flatten(0, 1), y[:, batch].flatten(), reduction="none")
            .reshape(shape)
            .mean(1)
            + 0.02
        )

    return start, loss


def unrolled(rule, problem, draw, steps):
    """The mean logarithm of the loss on the way, later steps counting more, for a rule on new problems."""
    w, loss = problem(draw)
    w = w.requires_grad_()
    means, squares = [torch.zeros_like(w)] * 3, torch.zeros_like(w)
    said, weight = 0.0, 0.0
    first = None
    for t in range(1, steps + 1):
        value = loss(w)
        first = value.detach() if first is None else first
        share = t / steps
        said, weight = said + share * torch.log(value / first).mean(), weight + share
        (grad,) = torch.autograd.grad(value.sum(), w, retain_graph=True)
        grad = grad.detach()
        means = [kept * old + (1 - kept) * grad for kept, old in zip(KEPT, means, strict=True)]
        squares = KEPT_SQUARES * squares + (1 - KEPT_SQUARES) * grad**2
        root = (squares / (1 - KEPT_SQUARES**t)).sqrt() + 1e-8
        seen = [grad / root, *(mean / (1 - kept**t) / root for kept, mean in zip(KEPT, means, strict=True))]
        out = torch.tanh(torch.stack(seen, dim=-1) @ rule["W1"] + rule["b1"]) @ rule["W2"] + rule["b2"]
        w = w - SCALE * out[..., 0] * torch.exp(out[..., 1])
    return said / weight


def trained(rounds: int, seed: int = 0) -> tuple[dict[str, torch.Tensor], float]:
    """The rule after so many rounds, and its mean score over the last hundred."""
    torch.set_num_threads(1)
    draw = torch.Generator().manual_seed(seed)
    rule = {
        "W1": torch.randn(4, _HIDDEN, generator=draw) * 0.3,
        "b1": torch.zeros(_HIDDEN),
        "W2": torch.randn(_HIDDEN, 2, generator=draw) * 0.1,
        "b2": torch.zeros(2),
    }
    for value in rule.values():
        value.requires_grad_()
    adam = torch.optim.Adam(rule.values(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, rounds)
    scores = []
    for number in range(rounds):
        problem = (quadratics, regressions, networks)[number % 3]
        score = unrolled(rule, problem, draw, STEPS)
        adam.zero_grad()
        score.backward()
        torch.nn.utils.clip_grad_norm_(rule.values(), 1.0)
        adam.step()
        schedule.step()
        scores.append(float(score.detach()))
        if number % 100 == 99:
            print(number + 1, round(sum(scores[-99:]) / 99, 4), flush=True)
    return {name: value.detach() for name, value in rule.items()}, sum(scores[-99:]) / 99


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1500)
    rule, score = trained(parser.parse_args().rounds)
    rounded = {
        name: [[round(x, 4) for x in row] if isinstance(row, list) else round(row, 4) for row in value.tolist()]
        for name, value in rule.items()
    }
    FILE.write_text(json.dumps({"made_by": "docs/learned_optimizer.py", "rule": rounded}, indent=1) + "\n")
    print(f"{FILE}: {FILE.stat().st_size} bytes, score {score:.4f}")
