# base: solved

# %% lbfgs_direction
def lbfgs_direction(grad, s_list, y_list):
    q = grad.copy()
    alphas = []
    for s, y in zip(s_list, y_list):
        alphas.append((s @ q) / (s @ y))
        q -= alphas[-1] * y
    if s_list:
        q *= (s_list[-1] @ y_list[-1]) / (y_list[-1] @ y_list[-1])
    for s, y, a in zip(reversed(s_list), reversed(y_list), reversed(alphas)):
        q += (a - (y @ q) / (s @ y)) * s
    return -q
