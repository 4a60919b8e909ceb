"""Panels: pictures of a lesson that stand together under one caption."""

from dataclasses import dataclass

from clfcore.explain.map_sheet import TitledImage, map_sheet


@dataclass(frozen=True, eq=False)
class Panel:
    """Rows of pictures with their titles, and a caption that says what they show.

    name: what its file is called, in lower case with hyphens. side: pixels of a picture as it is drawn.
    """

    name: str
    caption: str
    rows: tuple[tuple[TitledImage, ...], ...]
    side: int = 96

    def as_dict(self) -> dict[str, object]:
        """Its JSON: what it shows, without the pixels."""
        titles = [picture.title for row in self.rows for picture in row]
        return {"name": self.name, "caption": self.caption, "pictures": titles}

    def png(self) -> bytes:
        """All its rows as one PNG."""
        return map_sheet(self.rows, side=self.side)
