import pytest

from headrace import ConfigurationError
from headrace_crm.config.web import WebSettings
from headrace_crm.web.public_path import PublicPath


@pytest.mark.parametrize(
    ("came", "root", "path", "root_path"),
    [
        ("/crm/map", "", "/tools/crm/map", "/tools"),
        ("/tools/crm/map", "", "/tools/crm/map", "/tools"),
        ("/tools", "", "/tools", "/tools"),
        # Only the whole part counts.
        ("/toolshed", "", "/tools/toolshed", "/tools"),
        # Who mounts it, or a server that was told, knows better.
        ("/ops/crm/map", "/ops", "/ops/crm/map", "/ops"),
    ],
)
async def test_what_a_proxy_takes_away_is_put_back_and_what_it_leaves_is_left(came, root, path, root_path):
    seen: list[tuple[str, str]] = []

    async def inner(scope, *_) -> None:
        seen.append((scope["path"], scope["root_path"]))

    await PublicPath(inner, prefix="/tools")({"type": "http", "path": came, "root_path": root}, None, None)
    assert seen == [(path, root_path)]


@pytest.mark.parametrize("url", ["https://x.example", "https://x.example/"])
def test_an_address_without_a_path_is_under_nothing(url: str):
    assert WebSettings(public_url=url).prefix == ""


@pytest.mark.parametrize("url", ["https://x.example//evil.example", "https://x.example/a b", "https://x.example/a%0d"])
def test_a_path_that_may_mean_something_else_is_refused(url: str):
    with pytest.raises(ConfigurationError, match="HEADRACE_WEB_URL"):
        WebSettings(public_url=url)
