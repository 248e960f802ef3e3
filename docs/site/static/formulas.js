// Draws the formulas with KaTeX, which lies beside this file. Sphinx writes them for MathJax: between \( and \), \[ and \].
for (const place of document.querySelectorAll(".math")) {
  const tex = place.textContent.trim();
  try {
    katex.render(tex.slice(2, -2), place, { displayMode: tex.startsWith("\\[") });
  } catch (error) {
    console.error(error.message);
  }
}
