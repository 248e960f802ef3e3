"""Helpers for students, in NumPy only, never torch.

To use in notebooks:

- `data`: digits, an invented script, small synthetic sets, CIFAR-10 and MNIST by download
- `samples`: two photographs, a melody, random bends
- `gradients`: gradients by finite differences, and how far another one is from them
- `landscapes`: functions of two variables to walk down on
- `training`: small networks, and the loop that trains them with functions of one's own
- `practice`: what a `train` for the capstone is worth
- `plots`, `widgets`: every picture, and its sliders

What these are made of:

- `arguments`: what a helper is given, looked at before it is used
- `curves`: curves of training runs, drawn to be read
- `learned`: an optimizer whose rule was learnt
- `letters`: how the invented script is drawn
- `stubs`: which functions are not written yet
- `lab`: JupyterLab as a learner has it, `python -m helpers.lab`
"""
