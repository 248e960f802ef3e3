# Scripts in a text answer, beside mathematics and code that must stay readable.
# base: solved

# %% why
Because $a < b$, $a<b$ and `x<y`, <b>really</b>: [PyTorch](https://pytorch.org).

<script>alert('EVIL')</script><img src=x onerror="alert('EVIL')"><svg/onload=alert('EVIL')>
<iframe srcdoc="<script>alert('EVIL')</script>"></iframe><style>body{display:none}</style><!-- hidden -->
<details open ontoggle=alert('EVIL')><a href="javascript:alert('EVIL')">x</a></details>

[x](javascript:alert('EVIL')) [x](java&#115;cript:alert('EVIL')) <javascript:alert('EVIL')> ![x](javascript:alert('EVIL'))
[y] [z](data:text/html;base64,PHNjcmlwdD4=) [v]( <vbscript:alert('EVIL')>) ![pixel](http://example.org/pixel.png)

[y]: javascript:alert('EVIL')

```<img src=x onerror=alert('EVIL')>
code <script>alert('EVIL')</script>
```

| a |
|---|
| <img src=x onerror=alert('EVIL')> |

$$
<img src=x onerror=alert('EVIL')>
$$
