"""Page of a server: choose a photo, see its five likeliest classes. One file, no library, nothing from elsewhere."""

import base64
import hashlib
from html import escape

SCRIPT = """
const input = document.querySelector("input"), answer = document.querySelector("ol");
const note = document.querySelector("p[role=status]"), photo = document.querySelector("img");
input.addEventListener("change", async () => {
  const file = input.files[0];
  if (!file) return;
  answer.replaceChildren();
  note.textContent = "Predicting …";
  URL.revokeObjectURL(photo.src);
  photo.src = URL.createObjectURL(file);
  photo.alt = file.name;
  try {
    const got = await (await fetch("predict", { method: "POST", body: file })).json();
    if (got.error) { note.textContent = got.error; return; }
    const prediction = got.predictions[0];
    note.textContent = prediction.unlike?.unlike ? prediction.unlike.message : "";
    if (prediction.set) note.textContent += ` Prediction set: ${prediction.set.join(", ") || "none of the classes"}.`;
    for (const { label, probability } of prediction.top) {
      const row = document.createElement("li");
      const present = !prediction.labels ? "" : prediction.labels.includes(label) ? " ✓" : "";
      row.textContent = `${label} ${(100 * probability).toFixed(1)}%${present}`;
      row.style.setProperty("--share", `${100 * probability}%`);
      answer.append(row);
    }
  } catch { note.textContent = "The server gave no answer: try again."; }
});
"""
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
img { max-width: 100%; max-height: 20rem; display: block; margin: 1rem 0; border-radius: .5rem; }
img:not([src]) { display: none; }
ol { padding: 0; list-style: none; }
li { padding: .3rem .6rem; margin: .2rem 0; border-radius: .3rem;
  background: linear-gradient(90deg, #4a7bd055 var(--share), transparent var(--share)); }
footer { opacity: .7; font-size: .85rem; margin-top: 2rem; }
"""


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


POLICY = (
    f"default-src 'none'; script-src 'sha256-{_digest(SCRIPT)}'; style-src 'unsafe-inline'; img-src blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


MAKING = (
    "<p>A fuller page, with a camera, whose photos do not leave the browser, is being made: "
    "reload this one in a minute.</p>"
)


def page(model: str, classes: int, *, making: bool = False) -> str:
    """The HTML for a model. It is served under POLICY. making: another page will soon stand in its place."""
    name = escape(model)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{name}</title><style>{STYLE}</style></head>
<body><h1>{name}</h1>
<label>Photo <input type="file" accept="image/*"></label>
<img alt=""><p role="status"></p><ol></ol>
<footer>{MAKING if making else ""}
<p>Tells {classes:,} classes apart. The photo goes to this server and nowhere else. By program: POST predict, or
the Open Inference Protocol under v2.</p></footer>
<script>{SCRIPT}</script></body></html>"""
