# Scripts in code, and in the words of an exception.
# base: solved
# deserved: double=0

# %% double
def double(x):  # </code></pre><script>alert('EVIL')</script>
    raise type("<script>alert('EVIL')</script>", (Exception,), {})("<img src=x onerror=alert('EVIL')>")

# %% after double
raise ValueError("</pre><script>alert('EVIL')</script>")
