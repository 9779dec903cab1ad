"""How many requests one release makes of the services that it leans on."""

from collections import Counter
from collections.abc import Callable, Mapping

from bench import kinds
from bench.report import Row
from bench.running import running_stack
from dev.example import train

PROVISION_SECONDS = 10.0


def run() -> list[Row]:
    """By service, method and kind; from the registration's event to the owners' mail.

    The client of Table Storage writes each part of a transaction like a request, to no port of
    ours; so a transaction counts once.
    """
    with running_stack(provision_seconds=PROVISION_SECONDS) as stack:
        before = stack.counts().requests
        after = stack.release(train().pickled()).counts.requests
        made = {key: number - before.get(key, 0) for key, number in after.items()}
        ports = stack.ports()
        return [
            *_rows("Azure ML", made, ports["azureml"], kinds.arm),
            *_rows("Table Storage", made, ports["table"], kinds.table),
            *_rows("Blob Storage", made, ports["blob"], kinds.blob),
            *_rows("Event Grid", made, ports["eventgrid"], lambda _: "publish"),
            Row("mails", str(stack.mails())),
        ]


def _rows(
    service: str, made: Mapping[str, int], port: int, kind: Callable[[str], str]
) -> list[Row]:
    found: Counter[str] = Counter()
    for request, number in made.items():
        its_port, method, url = request.split(" ", 2)
        if int(its_port) == port:
            found[f"{method} {kind(url)}"] += number
    detail = [Row(f"  {name}", str(number)) for name, number in sorted(found.items()) if number]
    return [Row(service, str(found.total())), *detail]
