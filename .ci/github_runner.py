"""Runs an image as GitHub's runner runs a container action, and reads what the runner would read.

The mounts, the variables and the working directory are those of `ContainerActionHandler` and `DockerCommandManager` in
actions/runner; commands in both syntaxes are found as in its `ActionCommand`, and files of outputs are read as in its
`FileCommandManager`. Left out are the socket of the engine and the variables of caches and identity tokens. Commands are
collected and have no effect.
"""

import json
import os
import re
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path

# What podman needs where it may neither use crun nor raise its limits.
PODMAN_RUN = ["podman", "run", "--rm", "--pull=never", "--runtime", "runc"] + [
    f"--ulimit={limit}=1024:1024" for limit in ("nofile", "nproc")
]

# Every command that the runner knows, those included that it refuses by default.
COMMANDS = {
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "internal-set-repo-path", "notice",
    "pause-logging", "remove-matcher", "resume-logging", "save-state", "set-env", "set-output", "stop-commands", "warning",
}  # fmt: skip
FILES = {
    "GITHUB_ENV": "set_env",
    "GITHUB_PATH": "add_path",
    "GITHUB_OUTPUT": "set_output",
    "GITHUB_STATE": "save_state",
    "GITHUB_STEP_SUMMARY": "step_summary",
}


@dataclass(frozen=True)
class Command:
    """A workflow command as the runner understands it."""

    stream: str
    name: str
    properties: dict
    data: str
    # `::` commands are of version 2, `##[` commands of version 1.
    version: int = 2


@dataclass
class Step:
    """A step of a job that has come to its end."""

    exit_code: int
    stdout: str
    stderr: str
    files: dict
    commands: list = field(default_factory=list)

    @property
    def outputs(self):
        return read_outputs(self.files["GITHUB_OUTPUT"])

    @property
    def summary(self):
        return self.files["GITHUB_STEP_SUMMARY"]

    def commands_named(self, *names):
        return [command for command in self.commands if command.name in names]


def command_line(image, workspace, folder, inputs, variables, event, network):
    """The arguments of podman for a step, whose files are made in `folder`."""
    mounts = {name: folder / "_temp" / path for name, path in {
        "runner_temp": "", "home": "_github_home", "workflow": "_github_workflow", "file_commands": "_runner_file_commands",
    }.items()}  # fmt: skip
    for path in mounts.values():
        path.mkdir(parents=True)
    (mounts["workflow"] / "event.json").write_text(json.dumps(event), encoding="utf-8")
    unique = uuid.uuid4()
    for name in FILES.values():
        (mounts["file_commands"] / f"{name}_{unique}").touch()

    environment = {
        "HOME": "/github/home", "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/github/workspace",
        "GITHUB_EVENT_PATH": "/github/workflow/event.json", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main",
        "GITHUB_REF_NAME": "main", "GITHUB_REF_TYPE": "branch", "GITHUB_HEAD_REF": "", "GITHUB_BASE_REF": "",
        "GITHUB_SHA": head_of(workspace), "GITHUB_REPOSITORY": "octo/shop", "GITHUB_REPOSITORY_ID": "1",
        "GITHUB_REPOSITORY_OWNER": "octo", "GITHUB_ACTOR": "mona", "GITHUB_TRIGGERING_ACTOR": "mona",
        "GITHUB_WORKFLOW": "scangate", "GITHUB_JOB": "gate", "GITHUB_ACTION": "__octo_scangate", "GITHUB_RUN_ID": "1",
        "GITHUB_RUN_NUMBER": "1", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "https://api.github.com", "GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
        "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "RUNNER_NAME": "stand-in", "RUNNER_ENVIRONMENT": "self-hosted",
        "RUNNER_TEMP": "/github/runner_temp", "RUNNER_TOOL_CACHE": "/opt/hostedtoolcache",
        "RUNNER_WORKSPACE": "/home/runner/work/shop",
    }  # fmt: skip
    environment.update({variable: f"/github/file_commands/{name}_{unique}" for variable, name in FILES.items()})
    # Spaces become underscores, and hyphens stay.
    environment.update({f"INPUT_{name.replace(' ', '_').upper()}": value for name, value in inputs.items()})
    environment.update(variables)
    arguments = [*PODMAN_RUN, f"--network={network}", "--workdir=/github/workspace"]
    for name, value in environment.items():
        arguments += ["--env", f"{name}={value}"]
    for name, path in mounts.items():
        arguments += ["--volume", f"{path}:/github/{name}"]
    return [*arguments, "--volume", f"{workspace}:/github/workspace", image]


def start(image, workspace, folder, *, inputs=None, variables=None, event=None, network="none", name=None):
    """Starts a step, in a container of this name. The caller ends it with `finish`."""
    arguments = command_line(image, workspace, folder, inputs or {}, variables or {}, event or {}, network)
    if name is not None:
        arguments.insert(arguments.index("run") + 1, f"--name={name}")
    return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, folder, said=b""):
    """Waits for a step and reads everything that it left for the runner; `said` was read from its standard error before."""
    stdout, stderr = process.communicate(timeout=180)
    stdout, stderr = stdout.decode("utf-8"), (said + stderr).decode("utf-8")
    files = {}
    for variable, name in FILES.items():
        [path] = (folder / "_temp" / "_runner_file_commands").glob(f"{name}_*")
        files[variable] = path.read_bytes().decode("utf-8")
    commands = [command for stream, text in (("stdout", stdout), ("stderr", stderr)) for command in read_commands(stream, text)]
    return Step(process.returncode, stdout, stderr, files, commands)


def run(image, workspace, folder, **more):
    """Runs a step to its end."""
    return finish(start(image, workspace, folder, **more), folder)


def head_of(workspace):
    """The commit that is checked out, or zeros."""
    git = ["git", "-c", f"safe.directory={workspace}", "-C", os.fspath(workspace), "rev-parse", "HEAD"]
    found = subprocess.run(git, capture_output=True, text=True, check=False)
    return found.stdout.strip() if found.returncode == 0 else "0" * 40


def read_commands(stream, text):
    """Every line of a stream that the runner would obey."""
    for line in re.split(r"\r\n|\r|\n", text):
        command = read_second_version(stream, line) or read_first_version(stream, line)
        if command is not None:
            yield command


def read_second_version(stream, line):
    """`::name key=value,key=value::data`, after white space."""
    line = line.lstrip()
    if not line.startswith("::") or "::" not in line[2:]:
        return None
    head, data = line[2:].split("::", 1)
    name, properties = read_head(head, ",", [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")])
    if name not in COMMANDS:
        return None
    return Command(stream, name, properties, unescape(data, [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")]))


def read_first_version(stream, line):
    """`##[name key=value;key=value]data`, anywhere in a line."""
    begin = line.find("##[")
    end = line.find("]", begin)
    if begin < 0 or end < 0:
        return None
    escapes = [("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%")]
    name, properties = read_head(line[begin + 3 : end], ";", escapes)
    if name not in COMMANDS:
        return None
    return Command(stream, name, properties, unescape(line[end + 1 :], escapes), version=1)


def read_head(head, separator, escapes):
    name, _, rest = head.partition(" ")
    pairs = (pair.partition("=") for pair in rest.strip().split(separator) if "=" in pair)
    return name.lower(), {key.strip(): unescape(value, escapes) for key, _, value in pairs}


def unescape(text, escapes):
    for escape, character in escapes:
        text = text.replace(escape, character)
    return text


def read_outputs(text):
    """The outputs in a file of `name=value` lines and `name<<DELIMITER` blocks; of two values the later one counts."""
    outputs = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, value = line.split("=", 1)
            outputs[name] = value
        elif heredoc >= 0:
            name, delimiter = line.split("<<", 1)
            value = []
            for part in lines:
                if part == delimiter:
                    break
                value.append(part)
            else:
                raise ValueError(f"the output {name} has no end")
            outputs[name] = "\n".join(value)
        else:
            raise ValueError(f"a line of the outputs is none: {line!r}")
    return outputs
