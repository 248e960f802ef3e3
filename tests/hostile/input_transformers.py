# Every later cell becomes a number.
# deserved: none

# %% after setup_1
shell = get_ipython()
shell.input_transformers_cleanup.append(lambda lines: ["100.0"])
shell.input_transformers_post.append(lambda lines: ["100.0"])
