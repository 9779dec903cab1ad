"""Starts a server, says so, and waits to be killed. `owner.py MODE MODEL_DIR ROOT`."""

import asyncio
import sys
from pathlib import Path

from dev.emulators.azureml.scoring import ScoringSpec, scorer_for


async def _main(mode: str, model_dir: Path, root: Path) -> None:
    scorer = scorer_for("inline" if mode == "inline" else "process", root=root)
    code = Path(__file__).with_name("custom")
    spec = ScoringSpec("blue", model_dir, "custom_model", code, "score.py", {}, 5.0)
    server = await scorer.start(spec)
    print(server.address, flush=True)  # noqa: T201  # read by the test
    await asyncio.Event().wait()


asyncio.run(_main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
