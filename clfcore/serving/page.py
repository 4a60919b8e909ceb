"""Page of a server: choose photos, see their likeliest classes. No library, nothing from elsewhere."""

import base64
import hashlib
from html import escape
from importlib import resources

_EXPORTED = resources.files("clfcore.export") / "web_page"  # the exported page, of which this one has two parts
SCRIPT = (_EXPORTED / "photos.js").read_text(encoding="utf-8")
SCRIPT += (resources.files("clfcore.serving") / "page.js").read_text(encoding="utf-8")
STYLE = (_EXPORTED / "page.css").read_text(encoding="utf-8")
STYLE += "img { display: block; width: 100%; max-width: 224px; border-radius: 4px; }\n"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


POLICY = (
    f"default-src 'none'; script-src 'sha256-{_digest(SCRIPT)}'; style-src 'unsafe-inline'; img-src blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


MAKING = (
    '<p class="quiet">A page that answers in the browser, with a camera and the model\'s card, is being made: '
    "reload this one in a minute.</p>"
)


def page(model: str, classes: int, *, making: bool = False) -> str:
    """The HTML for a model. It is served under POLICY. making: another page will soon stand in its place."""
    name = escape(model)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head>
<body><main><h1>{name}</h1>
<p>Tells {classes:,} classes apart.</p>
<p class="quiet">Photos go to this server and nowhere else.</p>
{MAKING if making else ""}
<label id="drop" for="file"><input id="file" type="file" accept="image/*" multiple>
<strong>Choose photos</strong><span>or drop them here, or paste one</span></label>
<div class="row"><span id="state" class="quiet" role="status">Ready.</span></div>
<div id="results" aria-live="polite"></div>
<noscript><p>This page needs JavaScript. By program: POST a photo to predict.</p></noscript>
<section><h2>By program</h2>
<p>POST a photo's bytes to <code>/predict</code>, or tensors to the Open Inference Protocol below <code>/v2</code>;
<code>/metrics</code> is for Prometheus.</p></section></main>
<script>{SCRIPT}</script></body></html>"""
