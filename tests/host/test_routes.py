import pytest

from dev.host.routes import Route, RouteError

GUID = "c9da6455-213d-42c9-9a79-3e9149a57833"


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("a/{id}", "/a/1", {"id": "1"}),
        ("a/{id}", "/a/1/", {"id": "1"}),
        ("a/{id}", "/a/1/2", None),
        ("a/{id?}", "/a", {}),
        ("a/{id=5}", "/a", {"id": "5"}),
        ("a/{id:int?}", "/a", {}),
        ("a/{id:int?}", "/a/x", None),
        ("a/{id:int}", "/a/-3", {"id": "-3"}),
        ("a/{id:int:min(3)}", "/a/2", None),
        ("a/{id:int:min(3)}", "/a/3", {"id": "3"}),
        ("a/{id:range(2,4)}", "/a/5", None),
        ("a/{id:length(2)}", "/a/abc", None),
        ("a/{id:length(2,3)}", "/a/abc", {"id": "abc"}),
        ("a/{id:maxlength(2)}", "/a/abc", None),
        ("a/{id:alpha}", "/a/a1", None),
        ("a/{id:guid}", f"/a/{GUID}", {"id": GUID}),
        ("a/{id:guid}", "/a/c9da", None),
        ("a/{id:bool}", "/a/True", {"id": "True"}),
        ("a/{id:datetime}", "/a/2024-02-30", None),
        ("a/{id:decimal}", "/a/1.5", {"id": "1.5"}),
        (r"a/{id:regex(^\d{{2}}$)}", "/a/12", {"id": "12"}),
        (r"a/{id:regex(^\d{{2}}$)}", "/a/123", None),
        ("a/{*rest}", "/a/b/c", {"rest": "b/c"}),
        ("a/{*rest}", "/a", {"rest": ""}),
        ("a/{name}.{ext}", "/a/m.tar.gz", {"name": "m", "ext": "tar.gz"}),
        ("a/v{n}", "/A/V2", {"n": "2"}),
        ("a/{id}", "/a/x%2Fy%20z", {"id": "x%2Fy z"}),
        ("", "/", {}),
    ],
)
def test_a_template_matches_as_in_functions(
    template: str, path: str, expected: dict[str, str] | None
) -> None:
    found = Route.parse(template).match(path)
    assert found == expected


@pytest.mark.parametrize("template", ["a/{id", "a/{id:nonsense}", "a/{id:length(x)}", "a/}"])
def test_a_template_that_cannot_be_read_is_refused(template: str) -> None:
    with pytest.raises(RouteError):
        Route.parse(template)


def test_static_before_constrained_before_free_and_longer_before_shorter() -> None:
    templates = ["a/{x}", "a/{x:int}", "a", "a/b", "a/b/{y}"]
    ordered = sorted(templates, key=lambda template: Route.parse(template).sort_key())
    assert ordered == ["a/b/{y}", "a/b", "a/{x:int}", "a/{x}", "a"]
