"""Draws the README's pictures, one for each assignment and the first one, with the worked solutions.

Run it by: python docs/pictures.py; the first one needs Chromium.
"""

import ast
import html
import shutil
from base64 import b64encode
from io import BytesIO
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

from autograder import check, exercises
from autograder.course.source import Source, parse, worked
from autograder.judge.mistakes import Edited
from helpers.landscapes import rosenbrock
from helpers.plots.optimizers import walk
from helpers.plots.pieces import terrain, trail
from helpers.plots.style import course_style

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 640  # pixels

# Which of a notebook's pictures stands for it, by the id of its demo cell.
PICTURES = {
    "01_backprop": "activations",
    "02_sgd": "momentum_bowl",
    "03_adam": "adam_correction",
    "04_beyond_adam": "beyond_overshoot_inject",
    "05_second_order": "second_order_bfgs",
    "06_initialization": "initialization_layers",
    "07_batchnorm": "learning_rates",
    "08_normalization": "norm_shared",
    "09_penalties": "penalties_fence",
    "10_dropout": "dropout_uncertainty",
    "11_augmentation": "pipeline",
    "12_training": "training_between",
    "13_capstone": "capstone_script",
}


def draw(source: Source, demo: str):
    """The figure of a demo cell, with what stands above it in the notebook."""
    names: dict = {}
    for cell in source.cells:
        if cell.kind in ("setup", "exercise"):
            exec(compile(cell.source, source.file, "exec"), names)
        if cell.kind == "demo" and cell.id == demo:
            tree = ast.parse(cell.source)
            call = tree.body.pop().value
            exec(compile(tree, source.file, "exec"), names)
            call.func = ast.Attribute(call.func, "draw", ast.Load())
            figure, notes = eval(compile(ast.fix_missing_locations(ast.Expression(call)), source.file, "eval"), names)
            assert not list(notes), list(notes)
            return figure
    raise SystemExit(f"{source.file} has no demo {demo!r}")


PAGE = """
<body style="margin:0;width:1200px;display:flex;gap:20px;font:14px/1.5 DejaVu Sans,sans-serif;background:#fff">
<img style="width:520px;align-self:flex-start" src="data:image/png;base64,{race}">
<div style="width:640px;padding:14px 0">
<pre style="margin:0 0 8px;padding:6px 12px;border:1px solid #ccc;border-radius:3px;background:#f5f5f5;line-height:1.3">
{code}</pre>
{report}
</div>
"""


def overview() -> None:
    """Write docs/images/overview.png: a race of the solutions, and a wrong one that is told its mistake."""
    from playwright.sync_api import sync_playwright

    names = worked("02_sgd", ROOT)
    with course_style():
        figure, ax = plt.subplots(figsize=(5.2, 5.6))
        track = rosenbrock()
        terrain(ax, track)
        for i, name in enumerate(("sgd", "momentum", "nesterov")):
            path = walk(names[name], track.gradient, track.start, 200, lr=track.lr, momentum=track.momentum)
            trail(ax, path, dots=False, color=f"C{i}", linewidth=3.2 if i % 2 else 1.8, label=name)
        ax.legend(loc="upper center", ncols=3)
        file = BytesIO()
        figure.savefig(file, dpi=200)
        plt.close(figure)
    mistake = next(m for m in exercises.load("momentum").mistakes if m.name == "lr_inside_velocity")
    (wrong,) = mistake.functions
    assert isinstance(mistake, Edited)
    code = mistake.source.replace(f"def {wrong.__name__}(", "def momentum(").replace("'", '"')
    code += '\n\n\ncheck("momentum", momentum, points=5)'
    report = check("momentum", wrong, points=5).to_html()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 400})
        page.set_content(PAGE.format(race=b64encode(file.getvalue()).decode(), code=html.escape(code), report=report))
        page.screenshot(path=ROOT / "docs" / "images" / "overview.png", full_page=True)
        browser.close()


def main() -> None:
    """Write docs/pictures/NN_topic.png for each, and the overview."""
    from PIL import Image

    matplotlib.use("agg")
    for topic, demo in PICTURES.items():
        figure = draw(parse(ROOT / "solutions" / f"{topic}.py", ROOT), demo)
        file = BytesIO()
        with course_style():
            figure.savefig(file, dpi=WIDTH / figure.get_size_inches()[0])
        path = ROOT / "docs" / "pictures" / f"{topic}.png"
        # A palette: a third of the size, and no difference to see.
        Image.open(file).convert("RGB").quantize(128).save(path, optimize=True)
        print(path.relative_to(ROOT), f"{path.stat().st_size / 1000:.0f} kB")
    overview()


if __name__ == "__main__":
    main()
