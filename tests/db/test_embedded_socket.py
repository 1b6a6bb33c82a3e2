import tempfile
from pathlib import Path

import pytest

from fix_database import ask
from headrace.db.embedded import EmbeddedServer, EmbeddedServerError
from headrace.db.embedded.socket_folder import fits


@pytest.fixture
def short_temporary(server_root: Path, monkeypatch) -> Path:
    folder = server_root.parent / "t"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def long_root(server_root: Path, seeded) -> Path:
    return seeded(server_root / ("long" * 20) / ("longer" * 10))


def test_a_path_too_long_for_a_socket_gets_a_private_short_one(long_root: Path, short_temporary: Path):
    with EmbeddedServer(long_root) as dsn:
        (folder,) = short_temporary.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert ask(dsn, "SELECT 1") == 1
    assert not list(short_temporary.iterdir())


def test_the_short_socket_stays_the_same(long_root: Path, short_temporary: Path):
    with EmbeddedServer(long_root) as first:
        pass
    with EmbeddedServer(long_root) as second:
        pass
    assert first == second


def test_users_with_other_temporary_folders_meet_on_the_same_socket(
    long_root: Path, short_temporary: Path, server_user, monkeypatch
):
    monkeypatch.setenv("TMPDIR", str(short_temporary))
    server_user(long_root).wait_started()
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    with EmbeddedServer(long_root) as dsn:
        assert str(short_temporary) in dsn
        assert ask(dsn, "SELECT 1") == 1


@pytest.mark.parametrize("squat", ["readable folder", "link", "file"])
def test_a_squatted_socket_folder_is_refused(long_root: Path, short_temporary: Path, squat: str):
    with EmbeddedServer(long_root):
        (folder,) = short_temporary.iterdir()
    if squat == "readable folder":
        folder.mkdir()
        folder.chmod(0o755)
    elif squat == "link":
        (short_temporary / "target").mkdir(mode=0o700)
        folder.symlink_to(short_temporary / "target")
    else:
        folder.touch(mode=0o600)
    with pytest.raises(EmbeddedServerError, match=r"must be a folder of user .* mode 0700.*remove it"):
        EmbeddedServer(long_root).start()


def test_a_socket_fits_up_to_the_kernels_limit_in_bytes_not_letters():
    room = 107 - len("/.s.PGSQL.5432")
    assert fits(Path("/" + "a" * (room - 1)))
    assert not fits(Path("/" + "a" * room))
    assert not fits(Path("/" + "ä" * (room // 2 + 1)))


def test_a_comma_would_split_the_host_and_does_not_fit():
    assert not fits(Path("/a,b"))
