"""Nothing from the web is run that is not known beforehand, and tools come in fixed versions."""

import re
import subprocess
from collections.abc import Mapping

import pytest

from tests.structure.source import ROOT

FETCH = r"\b(?:curl|wget|iwr|irm|Invoke-WebRequest|Invoke-RestMethod)\b"
SHELL = (
    r"(?:sudo\s+(?:-\S+\s+)*)?(?:\S*/)?(?:(?:ba|z|da|k)?sh|pwsh|powershell|python3?|node|perl)\b"
)
RUN = r"(?:iex|Invoke-Expression)\b"

RUNNING = {
    "runs what it fetches": rf"{FETCH}[^\n]*\|\s*(?:{SHELL}|{RUN})",
    "runs what it has fetched": rf"(?:{RUN}|eval\b|source\b|(?<!\S)\.\s|{SHELL})"
    rf"[^\n|]*[(`]\s*{FETCH}",
}
MOVING = {
    "takes the newest Bicep": r"\baz bicep (?:install\b(?!.* --version v\d)|upgrade\b)",
    "takes the newest extension": r"\baz extension add\b(?!.* --version \d)",
    "takes the newest package of npm": r"\bnpm (?:install|i|add)\b"
    r"(?=.*\s[\w@])(?!.*\w@\d+\.\d+\.\d+)",
    "takes a package of npm as it runs it": r"\bnpx\b(?!.* --no(?:-install)?\b)",
    "takes the newest package of PyPI": r"\bpip3? install\b(?!.*(?:==|--require-hashes))",
    "takes an image or a feature that moves": r"\b(?:mcr|ghcr)\.\S+:(?:latest|stable)\b",
    "takes whatever version is stable": r"[\"']?version[\"']?:\s*[\"']?(?:latest|stable)\b",
}

SCRIPTS = [".azdo", ".ci", ".devcontainer", ".github", ".vscode", "Makefile", "azure.yaml"]
SCRIPTS += ["dev/tools", "infra"]
PAGES = ["*.md"]
"""People run what these show; which version they take is theirs to say."""


def complaints(text: str, rules: Mapping[str, str]) -> list[str]:
    """What is wrong with a script, a pipeline or a page that shows commands."""
    joined = re.sub(r"[\\`]\n\s*", " ", text)
    return [rule for rule, pattern in rules.items() if re.search(pattern, joined, re.IGNORECASE)]


def texts(*where: str) -> dict[str, str]:
    """The texts of the checkout's files, without Python's: `az bicep install` is advice there."""
    command = ["git", "ls-files", "--", *where]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    names = [name for name in listed.stdout.splitlines() if not name.endswith(".py")]
    return {name: (ROOT / name).read_text("utf-8") for name in names}


def test_no_script_runs_what_it_fetches_or_takes_what_is_newest() -> None:
    scripts = texts(*SCRIPTS)
    assert {"azure.yaml", "dev/tools/bring-azd", "infra/hooks/subscribe.sh"} <= set(scripts)
    found = {name: complaints(text, RUNNING | MOVING) for name, text in scripts.items()}
    assert {name: said for name, said in found.items() if said} == {}


def test_no_page_shows_how_to_run_what_is_fetched() -> None:
    pages = texts(*PAGES)
    assert {"README.md", "docs/azure.md"} <= set(pages)
    assert [name for name, text in pages.items() if complaints(text, RUNNING)] == []


def test_what_is_fetched_is_compared_with_a_hash() -> None:
    fetching = {name: text for name, text in texts(*SCRIPTS).items() if re.search(FETCH, text)}
    assert set(fetching) == {"dev/tools/bring-azd"}
    assert "sha256sum --check" in fetching["dev/tools/bring-azd"]


@pytest.mark.parametrize(
    "bad",
    [
        "curl -fsSL https://aka.ms/install-azd.sh | bash",
        "curl -fsSL https://aka.ms/install-azd.sh \\\n  | sudo -E bash -s -- --version 1",
        "wget -qO- https://example.com/x | /bin/sh",
        "bash <(curl -s https://example.com/x)",
        'sh -c "$(curl -fsSL https://example.com/x)"',
        "eval `wget -qO- https://example.com/x`",
        "source <(curl -s https://example.com/x)",
        ". <(curl -s https://example.com/x)",
        "Invoke-RestMethod 'https://aka.ms/install-azd.ps1' | Invoke-Expression",
        "iwr https://example.com/x | iex",
        "iex (iwr https://example.com/x)",
        "curl https://example.com/get-pip.py | python3 -",
        "az bicep install",
        "az bicep upgrade",
        "az extension add --name ml",
        "npm install --global azure-functions-core-tools",
        "npx azurite",
        "python3 -m pip install azure-cli",
        '"ghcr.io/azure/azure-dev/azd:latest": {}',
        '{ "version": "stable" }',
    ],
)
def test_what_is_wrong_is_caught(bad: str) -> None:
    assert complaints(bad, RUNNING | MOVING)


@pytest.mark.parametrize(
    "good",
    [
        "curl --output azd.tar.gz https://github.com/x/y/releases/download/1/azd.tar.gz",
        "az bicep install --version v0.49.2",
        "npm install --global azure-functions-core-tools@4.15.1 && make",
        "npm ci --prefix tests/browser",
        "pip install --no-deps uv==0.13.9",
        "az deployment group show | python3 -m json.tool",
    ],
)
def test_what_is_right_passes(good: str) -> None:
    assert complaints(good, RUNNING | MOVING) == []
