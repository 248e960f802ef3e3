"use strict";
// What is typed stays in this browser until it is saved as a table, which `autograder answers ... --read` reads.
const articles = [...document.querySelectorAll("article")];
const store = document.body.dataset.store;
const byId = (id) => document.getElementById(id);
const field = (article, name) => article.querySelector(`[name=${name}]`);
const given = (article) => ({
  points: field(article, "points").value.trim(),
  comment: field(article, "comment").value.trim(),
  read: field(article, "read").checked ? "yes" : "no",
});
const differs = (article) => {
  const now = given(article);
  const was = article.dataset;
  return now.points !== was.points || now.comment !== was.comment || now.read !== was.read;
};
let last = null;

function keep() {
  const kept = {};
  for (const article of articles) {
    if (differs(article)) kept[article.dataset.answer] = { version: article.dataset.version, ...given(article) };
  }
  try {
    localStorage.setItem(store, JSON.stringify(kept));
  } catch {
    // Some browsers keep nothing of files: the table is what counts.
  }
  count();
}

function restore() {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(store) || "{}");
  } catch {
    return;
  }
  for (const article of articles) {
    const was = kept[article.dataset.answer];
    if (!was || was.version !== article.dataset.version) continue;
    field(article, "points").value = was.points;
    field(article, "comment").value = was.comment;
    field(article, "read").checked = was.read === "yes";
  }
}

function count() {
  const read = articles.filter((article) => field(article, "read").checked).length;
  const changed = articles.filter(differs).length;
  byId("count").textContent = `${read} of ${articles.length} read, ${changed} not saved in the gradebook yet`;
}

function filter() {
  for (const article of articles) {
    article.hidden = byId("unread").checked && field(article, "read").checked && article.dataset.read === "yes";
  }
}

function offer(comment) {
  if (!comment || [...byId("comments").children].some((item) => item.textContent === comment)) return;
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = comment;
  item.append(button);
  byId("comments").append(item);
}

function use(comment) {
  if (!last) return;
  const box = field(last, "comment");
  if (!box.value.includes(comment)) box.value = [box.value.trim(), comment].filter(Boolean).join("\n");
  if (field(last, "points").value.trim()) field(last, "read").checked = true;
  box.focus();
  keep();
}

function table() {
  const cell = (text) => {
    const safe = /^ *[=+@\t\r-]/.test(text) && text.trim() !== "-" ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const rows = [["answer", "read", "points", "comment", "version"]];
  for (const article of articles) {
    const now = given(article);
    rows.push([article.dataset.answer, now.read, now.points, now.comment, article.dataset.version]);
  }
  return "\ufeff" + rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([table()], { type: "text/csv" }));
  link.download = document.body.dataset.file;
  link.click();
}

for (const article of articles) {
  article.addEventListener("focusin", () => {
    last = article;
  });
  article.addEventListener("input", (event) => {
    // Who gives points has read the answer.
    if (event.target.name === "points") field(article, "read").checked = event.target.value.trim() !== "";
    keep();
  });
  field(article, "comment").addEventListener("change", (event) => offer(event.target.value.trim()));
  field(article, "points").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const shown = articles.filter((other) => !other.hidden);
    const next = shown[shown.indexOf(article) + 1];
    if (next) field(next, "points").focus();
  });
}
byId("comments").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) use(button.textContent);
});
byId("unread").addEventListener("change", filter);
byId("save").addEventListener("click", save);
restore();
count();
filter();
