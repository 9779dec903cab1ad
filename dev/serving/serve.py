"""Runs Microsoft's inference server for one deployment on a socket that is already bound.

Run by `supervisor.py`, in the serving environment: `serve.py ENTRY_SCRIPT PORT`, with the
listening socket at descriptor 3. Everything else the server takes from its environment variables,
as in Azure's images.
"""

import ctypes
import os
import signal
import sys

from azureml_inference_server_http import amlserver  # type: ignore[import-not-found]  # other environment

_PR_SET_PDEATHSIG = 1


def main(entry_script: str, port: int) -> None:
    """Serves until told to stop.

    Raises:
        SystemExit: with 3 when the script cannot be imported or its init() fails.
    """
    _end_with_parent()
    # gunicorn's worker is a fork of this process and has to end with it just the same.
    os.register_at_fork(after_in_child=_end_with_parent)
    # The server insists on 0.0.0.0; gunicorn prefers sockets handed over as systemd does it.
    os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
    sys.argv = ["azmlinfsrv", "--entry_script", entry_script, "--port", str(port)]
    amlserver.run()


def _end_with_parent() -> None:
    """Asks the kernel to kill this process when its parent is gone (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
