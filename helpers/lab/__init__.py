"""JupyterLab for learners: `python -m helpers.lab`, on every system and without make."""
