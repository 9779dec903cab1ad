"""How people see a page: on a phone or a desk, by day or by night."""

from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Page

HEIGHT = 900


@dataclass(frozen=True)
class Look:
    """The width of a window, in CSS pixels, and the colours that its user likes."""

    width: int
    scheme: Literal["light", "dark"]

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"

    def show(self, page: Page, height: int = HEIGHT) -> None:
        """Let the page be seen so."""
        page.set_viewport_size({"width": self.width, "height": height})
        page.emulate_media(color_scheme=self.scheme)


DESK = Look(1100, "light")
DESK_AT_NIGHT = Look(1100, "dark")
PHONE = Look(360, "light")
PHONE_AT_NIGHT = Look(360, "dark")
LOOKS = (PHONE, PHONE_AT_NIGHT, DESK, DESK_AT_NIGHT)
