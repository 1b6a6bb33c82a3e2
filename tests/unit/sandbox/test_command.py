import json
import re
import signal
import socket
import subprocess
import sys

import httpx

COMMAND = [sys.executable, "-m", "headrace_crm.cli", "sandbox"]


def test_the_command_serves_until_it_is_told_to_stop_and_says_how_to_get_there(tmp_path):
    script = tmp_path / "faults.json"
    script.write_text(json.dumps([{"kind": "error", "route": "oauth.certs", "status": 500, "count": 0}]))
    options = ["--port=0", "--messages=100", "--units=0", f"--faults={script}", "--push=http://127.0.0.1:9/push"]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, text=True) as running:
        try:
            lines = [running.stdout.readline() for _ in range(10)]
            variables = dict(re.fullmatch(r"export (\w+)='(.*)'\n", line).groups() for line in lines)
            url = variables["HEADRACE_GOOGLE_GMAIL_URL"]
            assert variables["HEADRACE_GOOGLE_PUSH_AUDIENCE"] == "http://127.0.0.1:9/push"
            assert len(httpx.get(variables["HEADRACE_GOOGLE_JWKS_URL"]).json()["keys"]) == 1
            assert len(httpx.get(f"{url}/sandbox/faults").json()) == 1
            token = httpx.post(f"{url}/sandbox/google/link").json()["access_token"]
            profile = httpx.get(f"{url}/gmail/v1/users/me/profile", headers={"Authorization": f"Bearer {token}"})
            assert profile.json()["messagesTotal"] == 100
        finally:
            running.send_signal(signal.SIGTERM)
        assert running.wait(15) == 0


def test_a_port_that_is_taken_and_a_script_that_is_none_are_told(tmp_path):
    (tmp_path / "faults.json").write_text('[{"kind": "flood"}]')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for option, code, said in (
            (f"--port={taken.getsockname()[1]}", 1, "choose another with --port"),
            (f"--faults={tmp_path}/faults.json", 2, "flood"),
            (f"--faults={tmp_path}/none.json", 2, "cannot be read"),
        ):
            ended = subprocess.run(
                [*COMMAND, option, "--messages=100"], capture_output=True, text=True, check=False, timeout=15
            )
            assert ended.returncode == code, ended.stderr
            assert said in re.sub(r"[\s│]+", " ", ended.stderr)
