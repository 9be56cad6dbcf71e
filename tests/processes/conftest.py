"""One installation for the whole folder; what a test kills, it or the next one starts again."""

import itertools

import pytest

from simulation.site import Site

numbers = itertools.count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/processes" in item.path.as_posix():
            item.add_marker(pytest.mark.processes)
            item.add_marker(pytest.mark.xdist_group("processes"))


@pytest.fixture(scope="session")
def installation(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPM_EMBEDDED_FSYNC", "off")
        site = Site(tmp_path_factory.mktemp("site"))
        try:
            site.open()
            yield site
        finally:
            site.close()


@pytest.fixture
def site(installation):
    """The installation with a web server; worker and beat as the test before left them."""
    if not installation.running("web"):
        installation.start_web()
    yield installation
    installation.crash_file.unlink(missing_ok=True)


@pytest.fixture
def only_web(site):
    """No worker and no beat: what is rung for stays undone."""
    site.keep_only("web", "sandbox")
    return site


@pytest.fixture
def beatless(only_web):
    """A web server and a worker; nobody sweeps but the test."""
    only_web.start_worker()
    return only_web


@pytest.fixture
def whole(site):
    """Web server, worker and beat, all well."""
    for name, start in (("worker", site.start_worker), ("beat", site.start_beat)):
        if not site.running(name):
            start()
    return site


@pytest.fixture
def reference():
    """A reference nobody used."""
    return f"PR{next(numbers):05d}"
