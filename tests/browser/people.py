"""People with a mailbox and a real browser."""

from playwright.sync_api import Page, Response

from dev.approver import Approver
from tests.browser.conftest import NewPage
from tests.e2e.stacks import Stack
from tests.e2e.workspaces import eventually


class Person:
    """Somebody who is asked: reads the mail, opens the link, fills in the page."""

    def __init__(self, stack: Stack, page: Page, address: str) -> None:
        """Open nothing yet."""
        self.page = page
        self.address = address
        self._mail = Approver(stack.facts, address)

    def link(self, number: int = 1) -> str:
        """The link of the mail of that number, once it is there."""
        return eventually(
            lambda: next(iter(self._mail.links()[number - 1 : number]), None),
            f"mail {number} to {self.address}",
        )

    def opens(self, number: int = 1) -> Response:
        """Open the page behind the link."""
        answer = self.page.goto(self.link(number))
        assert answer is not None
        return answer

    def fills(self, choice: str, comment: str = "", number: int = 1) -> None:
        """Fill in the page with what the mail says."""
        link = self.link(number)
        self.page.locator(f"#choice-{choice}").check()
        self.page.get_by_label("Comment").fill(comment)
        self.page.get_by_label("Model version").fill(self._mail.version(link))
        if self.page.locator("#code").count():
            self.page.locator("#code").fill(self._mail.code(link))

    def sends(self) -> Response:
        """Press the button; what the page is answered."""
        with self.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            self.page.get_by_role("button", name="Send my answer").click()
        self.page.wait_for_load_state()
        return answered.value

    def decides(self, choice: str, comment: str = "", number: int = 1) -> Response:
        """Open, fill in and send."""
        self.opens(number)
        self.fills(choice, comment, number)
        return self.sends()

    def says(self) -> str:
        """What the page shows."""
        return self.page.inner_text("main")


def meet(stack: Stack, new_page: NewPage, *addresses: str) -> list[Person]:
    """People, each with a browser of their own."""
    return [Person(stack, new_page(), address) for address in addresses]
