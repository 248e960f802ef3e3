# base: solved

# %% after setup_1
import math

print("my own notes and tools")


def half(x):
    return 0.5 * x

# %% cosine_decay
def cosine_decay(lr0, t, *, t_max, lr_min=0.0):
    return lr_min + half((lr0 - lr_min) * (1 + math.cos(math.pi * min(t, t_max) / t_max)))

# %% after cosine_decay
import matplotlib.pyplot as plt

plt.plot([cosine_decay(1.0, t, t_max=50) for t in range(80)])
plt.show()

# %% after sgd
w = np.zeros(3)
for _ in range(3):
    w, _ = sgd(w, np.ones(3), {}, lr=0.1)
    print(w)
check("sgd", sgd, points=100)
