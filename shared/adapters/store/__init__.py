"""The store on Azure Table Storage.

Five tables. `releases` is the truth: a partition per release, so that a release, its audit events,
decisions and evidence change in one transaction. `index` finds releases without scans: its rows are
written before what they point to, so a crash can leave a row too many, never one too few, and
readers drop what `releases` does not confirm. `locks` holds reserved endpoints, `ignored` the
registrations that started nothing, `fetches` what has opened links.
"""

from shared.adapters.store.table_store import TableStore

__all__ = ["TableStore"]
