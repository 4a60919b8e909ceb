"""Photos that reach a web page without its button: dropped on it, or pasted."""

import base64
from pathlib import Path

from playwright.sync_api import Page, expect

_HAPPENS = """([kind, name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0)), data = new DataTransfer();
  data.items.add(new File([bytes], name));
  const clipboard = kind === "paste";
  const event = clipboard ? new ClipboardEvent(kind, { clipboardData: data, bubbles: true, cancelable: true })
    : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector("main").dispatchEvent(event);
  return event.defaultPrevented;
}"""


def happens(page: Page, kind: str, path: Path) -> bool:
    """Let a file be dragged over the page, dropped or pasted: an event's name. Whether the page takes it."""
    content = base64.b64encode(path.read_bytes()).decode()
    return page.evaluate(_HAPPENS, [kind, path.name, content])


def brought(page: Page, kind: str, path: Path) -> None:
    """Drag a photo over the page and away again, then drop or paste it; the page shows each, and takes the last."""
    assert happens(page, "dragover", path)
    expect(page.locator("#drop")).to_have_class("over")
    assert happens(page, "dragleave", path) is False
    expect(page.locator("#drop")).to_have_class("")
    assert happens(page, kind, path)
