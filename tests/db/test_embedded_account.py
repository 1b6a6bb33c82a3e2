import os
import pwd
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from fix_embedded import NOT_SYNCED
from headrace.db.embedded import EmbeddedServer, EmbeddedServerError, account

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can lend the server to another user")

_START = """
import sys
from pathlib import Path
from headrace.db.embedded import EmbeddedServer, EmbeddedServerError

try:
    server = EmbeddedServer(Path(sys.argv[1]), settings={"fsync": "off"})
    with server as dsn:
        print(server.pid, flush=True)
        sys.stdin.read()
except EmbeddedServerError as error:
    print(f"refused: {error}")
"""


@pytest.fixture
def ordinary() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


@pytest.fixture
def start_as_ordinary(ordinary: pwd.struct_passwd):
    """Starts a server in a process of an ordinary user, whose first line is its pid or the refusal."""
    lent = {"user": ordinary.pw_uid, "group": ordinary.pw_gid, "extra_groups": []}
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        try:
            subprocess.run(
                [python, "-c", "import headrace.db.embedded, psutil"],
                env=environment,
                check=True,
                capture_output=True,
                cwd="/",
                **lent,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        break
    else:
        pytest.skip(f"no {version} that user {ordinary.pw_name} may run")
    started: list[subprocess.Popen[str]] = []

    def start(root: Path) -> str:
        started.append(
            subprocess.Popen(
                [python, "-W", "error", "-c", _START, str(root)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd="/",
                **lent,
            )
        )
        return started[-1].stdout.readline()

    yield start
    for process in started:
        process.communicate()


@as_root
def test_root_lends_the_server_to_a_user_without_rights(durable_server: EmbeddedServer, server_root: Path):
    uids = psutil.Process(durable_server.pid).uids()
    assert 0 not in uids
    assert (server_root / "data").stat().st_uid == uids.real
    assert psutil.Process(durable_server.pid).gids().real != 0


@as_root
def test_folders_on_the_way_are_opened_to_pass_only_and_it_says_so(server_root: Path):
    private = server_root / "private"
    private.mkdir(parents=True)
    private.chmod(0o700)
    beside = private / "beside"
    beside.mkdir(mode=0o700)
    lines: list[str] = []
    with EmbeddedServer(private / "pg", say=lines.append, settings=NOT_SYNCED):
        pass
    assert private.stat().st_mode & 0o777 == 0o701
    assert beside.stat().st_mode & 0o777 == 0o700
    user = account.choose([], say=lines.append).name
    assert [line for line in lines if "chmod" in line] == [
        f"{private}: let user {user}, who runs PostgreSQL, pass through (chmod o+x)"
    ]


@as_root
def test_folders_that_let_everybody_pass_stay_as_they_are(server_root: Path, seeded):
    seeded(server_root)
    server_root.chmod(0o751)
    lines: list[str] = []
    with EmbeddedServer(server_root, say=lines.append):
        pass
    assert server_root.stat().st_mode & 0o777 == 0o751
    assert not [line for line in lines if "chmod" in line]


@as_root
def test_programs_installed_with_a_private_umask_are_named(tmp_path: Path):
    file = tmp_path / "postgres"
    file.touch(mode=0o600)
    lent = account.choose([], say=lambda _: None)
    with pytest.raises(EmbeddedServerError, match=r"cannot read .*postgres; run: chmod -R o\+rX"):
        account.check_readable([file], lent, folder=tmp_path)


@as_root
def test_an_ordinary_user_runs_the_server_as_himself(server_root: Path, ordinary: pwd.struct_passwd, start_as_ordinary):
    server_root.mkdir()
    os.chown(server_root, ordinary.pw_uid, ordinary.pw_gid)
    pid = int(start_as_ordinary(server_root))
    assert psutil.Process(pid).uids().real == ordinary.pw_uid


@as_root
def test_an_ordinary_user_is_told_whose_folder_it_is(
    durable_server: EmbeddedServer, server_root: Path, start_as_ordinary
):
    durable_server.stop()
    refusal = start_as_ordinary(server_root)
    assert refusal.startswith("refused: ")
    assert "belongs to user" in refusal or "Permission denied" in refusal
    assert "HEADRACE_DATABASE_URL" in refusal


@as_root
def test_an_ordinary_user_without_a_folder_of_his_own_is_told_so(server_root: Path, start_as_ordinary):
    refusal = start_as_ordinary(server_root)
    assert refusal.startswith("refused: ")
    assert "Permission denied" in refusal
    assert "HEADRACE_DATABASE_URL" in refusal


@as_root
def test_root_runs_the_server_of_an_ordinary_users_folder_as_that_user(server_root: Path, ordinary: pwd.struct_passwd):
    server_root.mkdir()
    os.chown(server_root, ordinary.pw_uid, ordinary.pw_gid)
    server = EmbeddedServer(server_root, settings=NOT_SYNCED)
    with server:
        assert psutil.Process(server.pid).uids().real == ordinary.pw_uid


@as_root
def test_root_shares_the_server_an_ordinary_user_started(
    server_root: Path, ordinary: pwd.struct_passwd, start_as_ordinary
):
    server_root.mkdir()
    os.chown(server_root, ordinary.pw_uid, ordinary.pw_gid)
    pid = int(start_as_ordinary(server_root))
    server = EmbeddedServer(server_root, settings=NOT_SYNCED)
    with server:
        assert server.pid == pid


def test_a_file_in_the_place_of_the_folder_is_named(server_root: Path):
    server_root.touch()
    with pytest.raises(EmbeddedServerError, match=rf"{server_root}.*HEADRACE_DATABASE_URL"):
        EmbeddedServer(server_root).start()
    server_root.unlink()
