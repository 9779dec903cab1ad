"""Reserving endpoints, in every store."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

from shared.domain.release import ReleaseId
from shared.ports import Store
from tests.contract.store.support import pipeline


def test_an_endpoint_is_reserved_once_handed_on_and_given_back(store: Store) -> None:
    stage = pipeline().stages[0]
    ada, bob, eve = ReleaseId("ada"), ReleaseId("bob"), ReleaseId("eve")
    assert store.take_endpoint(stage=stage, release_id=ada) == ada
    assert store.take_endpoint(stage=stage, release_id=ada) == ada
    assert store.take_endpoint(stage=stage, release_id=bob) == ada
    assert not store.pass_endpoint(stage=stage, holder=eve, release_id=bob)
    assert store.pass_endpoint(stage=stage, holder=ada, release_id=bob)
    store.free_endpoint(stage=stage, release_id=ada)
    assert store.take_endpoint(stage=stage, release_id=eve) == bob
    store.free_endpoint(stage=stage, release_id=bob)
    store.free_endpoint(stage=stage, release_id=bob)
    assert not store.pass_endpoint(stage=stage, holder=bob, release_id=ada)
    assert store.take_endpoint(stage=stage, release_id=eve) == eve


def test_endpoints_are_told_apart_by_name_and_workspace_but_not_by_case(store: Store) -> None:
    first, second = pipeline().stages
    shouted = replace(
        first,
        endpoint=first.endpoint.upper(),
        workspace=replace(first.workspace, resource_group="RG-QA"),
    )
    elsewhere = pipeline().stages[0]
    for number, stage in enumerate((first, second, elsewhere)):
        mine = ReleaseId(f"r{number}")
        assert store.take_endpoint(stage=stage, release_id=mine) == mine
    assert store.take_endpoint(stage=shouted, release_id=ReleaseId("r9")) == "r0"


def test_of_many_that_want_an_endpoint_one_gets_it(store: Store) -> None:
    stage = pipeline().stages[0]
    barrier = Barrier(6)

    def take(number: int) -> ReleaseId:
        barrier.wait()
        return store.take_endpoint(stage=stage, release_id=ReleaseId(f"r{number}"))

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(take, range(6)))) == 1
