"""Entry checks of every visit: no foreign site, and heavy libraries loaded with a spinner."""

from urllib.parse import urlsplit

import streamlit as st

from clfcore.heavy_imports import is_loaded, load

# Streamlit sends no header that refuses frames; without scripts a framed page cannot work at all.
# In a block: Streamlit may run a script again in the same window, where a name cannot be declared twice.
_NO_FRAMES = """<script>{
let own = true;
try { own = window.top.location.origin === window.location.origin } catch { own = false }
if (!own && !document.getElementById("clf-framed")) {
  document.body.style.display = "none";
  const note = document.createElement("p");
  note.id = "clf-framed";
  note.textContent = "clflab does not work inside another site's page: open its own address.";
  document.documentElement.append(note);
}
}</script>"""


# Streamlit's notice that there is no such page, on a server's first visit by a link to one.
_DISMISS = """<script>{
const dismiss = () => {
  for (const notice of document.querySelectorAll('[role="dialog"]')) {
    if (notice.textContent.includes("Page not found")) notice.querySelector('button[aria-label="Close"]')?.click();
  }
};
dismiss();
const watcher = new MutationObserver(dismiss);
watcher.observe(document.body, { childList: true, subtree: true });
setTimeout(() => watcher.disconnect(), 10000);
}</script>"""


def dismiss_first_notice(*, is_first_visit: bool) -> None:
    """Close the notice "Page not found" of a page that is there.

    Something stands in its place on later runs too: were it gone, all below would be new to the browser, and widgets
    would lose their place in the address.
    """
    st.html(_DISMISS if is_first_visit else "<script></script>", unsafe_allow_javascript=True)


def refuse_foreign_pages() -> None:
    """End the script where another site's page asks, and hide the lab inside another site's frame.

    Streamlit checks the host's name (server.allowedHosts), but takes every port of this machine for the lab's own.
    """
    origin, host = st.context.headers.get("Origin"), st.context.headers.get("Host")
    if origin and host and urlsplit(origin).netloc != host and origin not in st.get_option("server.corsAllowedOrigins"):
        st.error("Another site's page asked for the lab: open the lab's own address in a tab.")
        st.stop()
    st.html(_NO_FRAMES, unsafe_allow_javascript=True)


def wait_for_figures() -> None:
    """pandas and plotly, imported by the first page that needs them; others wait with a spinner.

    Streamlit imports pandas itself, for a table: before any page can ask it to, pandas is there.
    """
    if not is_loaded("plotly"):
        with st.spinner("Starting"):
            load("plotly")


def wait_for_networks() -> None:
    """torch and what stands around it, imported by the first page that needs it; others wait with a spinner."""
    if not is_loaded("timm"):
        with st.spinner("Loading PyTorch, once after each start of the lab", show_time=True):
            load("timm")
