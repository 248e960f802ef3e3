"""Draws the README's pictures, one for each assignment, with the worked solutions: python docs/pictures.py"""

import ast
from io import BytesIO
from pathlib import Path

import matplotlib

from autograder.course.source import Source, parse
from helpers.plots.style import course_style

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 640  # pixels

# Which of a notebook's pictures stands for it, by the id of its demo cell.
PICTURES = {
    "01_backprop": "activations",
    "02_sgd": "momentum_bowl",
    "03_adam": "adam_correction",
    "06_initialization": "initialization_layers",
    "07_batchnorm": "learning_rates",
    "10_dropout": "dropout_uncertainty",
    "11_augmentation": "pipeline",
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


def main() -> None:
    """Write docs/pictures/NN_topic.png for each."""
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


if __name__ == "__main__":
    main()
