# Scripts in every kind of output.
# base: solved

# %% after check_sgd
from IPython.display import HTML, SVG, Javascript, Markdown

display(HTML("<script>alert('EVIL')</script>"), Javascript("alert('EVIL')"))
display(Markdown("<img src=x onerror=\"alert('EVIL')\">"))
display(SVG(data='<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'))
display({"text/html": "<script>alert('EVIL')</script>", "image/png": "\"><script>alert('EVIL')</script>"}, raw=True)
display({"application/javascript": "alert('EVIL')", "application/vnd.jupyter.widget-view+json": "{}"}, raw=True)
print("<script>alert('EVIL')</script>")
"<script>alert('EVIL')</script>"
