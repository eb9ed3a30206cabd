#!/usr/bin/env python3
"""Usage: .ci/check_action.py IMAGE PROGRAM FOLDER [SCENARIO...]

Runs the action's image as GitHub runs it, against `PROGRAM sandbox` on loopback, and holds exit code, outputs, summary, masks,
annotations and files against what they should be: with hostile findings and names of branches, and in the ways of ending that
need no fault of a platform. PROGRAM is the binary of the image. The SARIF documents are left in FOLDER.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unicodedata
from contextlib import contextmanager
from pathlib import Path

import github_runner
from github_runner import PODMAN_RUN, Step

REPOSITORY = Path(__file__).resolve().parent.parent
COUNTS = ("critical", "high", "medium", "low", "info")
ENDING = {"class", "exit-code", "softened", "retryable"}
# A scan that nobody serves.
NOWHERE = {"SCANGATE_PLATFORM": "cybedefend", "CYBEDEFEND_PROJECT_ID": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}
HEAD = "89abcdef0123456789abcdef0123456789abcdef"
# A name that git allows and a shell would obey.
ALLOWED_BRANCH = "x;$(touch${IFS}pwned)`id`&&'\"<b>%0A##"
# A name that no branch can have, in an event file that somebody has forged.
FORGED_BRANCH = "a\n::error::forged\n##[set-output name=class]passed"


def main():
    image, program, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    for scenario in (each for each in SCENARIOS if each.__name__ in (sys.argv[4:] or each.__name__)):
        with tempfile.TemporaryDirectory() as scratch:
            scenario(Bench(image, program, Path(scratch), folder))
        print(f"    ok: {scenario.__name__.replace('_', ' ')}", flush=True)


class Bench:
    """One scenario's workspace, and the means to run the action in it."""

    def __init__(self, image, program, scratch, documents):
        self.image, self.program, self.documents = image, program, documents
        self.workspace = scratch / "workspace"
        self.step_folder = scratch / "step"
        self.workspace.mkdir()

    def commit(self, **files):
        """Makes the workspace a work tree of an unprivileged user with these files."""
        for name, text in files.items():
            (self.workspace / name).write_text(text, encoding="utf-8")
        identity = ["-c", "user.name=mona", "-c", "user.email=mona@example.org", "-c", "init.defaultBranch=main"]
        for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=shop"]):
            subprocess.run(["git", *identity, *arguments], cwd=self.workspace, check=True)
        for path in [self.workspace, *self.workspace.rglob("*")]:
            os.lchown(path, 1001, 1001)

    def commit_shop(self):
        """As `commit`, with a file in which the sandbox finds something."""
        self.commit(**{"app.py": "import subprocess\n\n\ndef run(command):\n    subprocess.run(command, shell=True)\n"})

    def run(self, **more):
        return github_runner.run(self.image, self.workspace, self.step_folder, **more)

    def outcome(self):
        return json.loads((self.workspace / "scangate-outcome.json").read_text(encoding="utf-8"))

    def keep_sarif(self, name):
        sarif = (self.workspace / "scangate.sarif").read_bytes()
        (self.documents / f"{name}.sarif").write_bytes(sarif)
        return json.loads(sarif)

    @contextmanager
    def sandbox(self, *faults):
        """A sandbox that serves; what a client needs to know of it, by variable."""
        arguments = [self.program, "sandbox", "--platform", "cybedefend", "--speed", "20", *(f"--fault={fault}" for fault in faults)]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            lines = [process.stdout.readline() for _ in range(4)]
            variables = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
            yield {"SCANGATE_PLATFORM": "cybedefend"} | variables
        finally:
            process.terminate()
            process.wait(timeout=30)


def pull_request(branch, head_repository=1):
    """The variables and the payload of a pull request."""
    event = {"number": 7, "pull_request": {
        "number": 7,
        "title": "::error::title",
        "head": {"ref": branch, "sha": HEAD, "repo": {"id": head_repository, "fork": head_repository != 1}},
        "base": {"ref": "main", "sha": "0" * 40, "repo": {"id": 1, "fork": False}},
    }}  # fmt: skip
    variables = {
        "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_REF_NAME": "7/merge",
        "GITHUB_HEAD_REF": branch.replace("\n", " "), "GITHUB_BASE_REF": "main",
    }  # fmt: skip
    return variables, event


def check(holds, step, message):
    """Ends the check with everything that the step said, unless it holds."""
    if holds:
        return
    for name, text in (("stdout", step.stdout), ("stderr", step.stderr), *step.files.items()):
        print(f"---- {name}\n{text}", file=sys.stderr)
    raise SystemExit(f"check_action: {message} (exit code {step.exit_code})")


def check_ending(step, exit_code, ending, all_outputs):
    """The exit code, the class, and the names of all outputs that such an ending has."""
    check(step.exit_code == exit_code, step, f"expected exit code {exit_code}")
    outputs = step.outputs
    check(outputs.get("class") == ending, step, f"expected the class {ending}")
    check(outputs.get("exit-code") == str(exit_code), step, "the output exit-code is another")
    names = declared_outputs() if all_outputs else ENDING
    check(set(outputs) == names, step, f"outputs that are missing or too many: {sorted(set(outputs) ^ names)}")
    check(all("\n" not in value for value in outputs.values()), step, "an output has several lines")
    check(step.summary.strip(), step, "there is no summary")
    check_streams(step)


def declared_outputs():
    lines = (REPOSITORY / "action.yml").read_text(encoding="utf-8").split("\noutputs:\n")[1].split("\nruns:")[0].splitlines()
    return {line.strip().rstrip(":") for line in lines if re.match(r"  [a-z]", line)}


def check_streams(step: Step):
    """No command but ours, none on standard error, and nothing that a terminal would obey."""
    allowed = {"group", "endgroup", "add-mask", "error", "warning", "notice"}
    for command in step.commands:
        ours = command.version == 2 and command.name in allowed and command.stream == "stdout"
        check(ours, step, f"a command that is not ours: {command}")
        check(set(command.properties) <= {"file", "line", "endLine", "title"}, step, f"strange properties: {command}")
    kinds = [command.name for command in step.commands if command.name in {"group", "endgroup"}]
    check(kinds == ["group", "endgroup"] * (len(kinds) // 2), step, "groups that do not close")
    for stream in (step.stdout, step.stderr):
        bad = {character for character in stream if character != "\n" and unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"}}
        check(not bad, step, f"characters that a terminal obeys: {bad!r}")
    for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"):
        check(step.files[name] == "", step, f"something was written to {name}")


def check_annotations(step):
    """At most ten of a kind, within GitHub's lengths, on files inside the repository."""
    annotations = step.commands_named("error", "warning", "notice")
    for kind in ("error", "warning", "notice"):
        check(len(step.commands_named(kind)) <= 10, step, f"more than ten annotations of the kind {kind}")
    for annotation in annotations:
        check(len(annotation.data) <= 4096, step, "an annotation is longer than the runner takes")
        check(annotation.properties.get("title"), step, "an annotation has no title")
        path = annotation.properties.get("file", "a")
        inside = not path.startswith(("/", "\\")) and ".." not in path.split("/") and ":" not in path[:2] and "\n" not in path
        check(inside and "://" not in path, step, f"an annotation leads out of the repository: {path!r}")
        line = annotation.properties.get("line", "1")
        check(line.isdecimal() and int(line) > 0, step, f"an annotation has a strange line: {line!r}")
    return annotations


def check_masks(step, workspace, pat):
    """The token and what it was exchanged for are masked, and stand nowhere else."""
    masked = [command.data for command in step.commands_named("add-mask")]
    check(pat in masked, step, "the personal access token is not masked")
    check(len(set(masked)) >= 2, step, "no derived token is masked")
    said = "\n".join(line for line in step.stdout.split("\n") if not line.startswith("::add-mask::")) + step.stderr
    said += "".join(step.files.values())
    said += "".join(path.read_text(encoding="utf-8") for path in workspace.glob("scangate*"))
    for secret in masked:
        check(secret not in said, step, "a masked value stands elsewhere")


def check_reports(step, bench):
    """Outputs, outcome file, SARIF and summary tell the same story, and the files belong to the workspace's owner."""
    outputs, outcome = step.outputs, bench.outcome()
    check(outcome["class"] == outputs["class"], step, "the outcome file has another class")
    check(outputs["outcome"] == "scangate-outcome.json", step, "the output outcome is no path in the workspace")
    check(outputs["sarif"] == "scangate.sarif", step, "the output sarif is no path in the workspace")
    counted = sum(int(outputs[name]) for name in (*COUNTS, "unrated"))
    check(counted == int(outputs["findings"]), step, "the counts by severity do not make up the findings")
    check(sum(json.loads(outputs["kinds"]).values()) == counted, step, "the counts by kind do not make up the findings")
    for name in ("scangate.sarif", "scangate-outcome.json"):
        owner = (bench.workspace / name).stat().st_uid
        check(owner == 1001, step, f"{name} belongs to user {owner}")


def check_summary(step):
    """A Markdown page in which nothing of a finding is markup."""
    check(len(step.summary.encode()) < 1 << 20, step, "the summary is longer than GitHub takes")
    lowered = re.sub(r"`[^`\n]*`", "", step.summary).lower()
    for markup in ("<script", "<img", "](javascript:", "](https://collector", "![", "\x1b", "\u202e"):
        check(markup not in lowered, step, f"the summary holds {markup!r}")


def a_demo_needs_no_account_and_no_network(bench):
    step = bench.run(inputs={"command": "demo"})
    check_ending(step, 1, "findings", all_outputs=True)
    check_annotations(step)
    check_summary(step)
    bench.keep_sarif("demo")


def hostile_findings_and_a_hostile_branch_change_nothing(bench):
    bench.commit_shop()
    variables, event = pull_request(ALLOWED_BRANCH)
    with bench.sandbox("hostile-text") as sandbox:
        step = bench.run(variables=variables | sandbox, event=event, network="host")
    check_ending(step, 1, "findings", all_outputs=True)
    check(len(check_annotations(step)) >= 5, step, "findings have no annotations")
    check_masks(step, bench.workspace, sandbox["CYBEDEFEND_PAT"])
    check_summary(step)
    check_reports(step, bench)
    run = bench.outcome()["run"]
    check((run["branch"], run["commit"]) == (ALLOWED_BRANCH, HEAD), step, f"another branch or commit: {run}")
    check(not list(bench.workspace.glob("*pwned*")), step, "the name of the branch went through a shell")
    bench.keep_sarif("hostile")


def a_forged_branch_gives_way_to_the_number_of_the_pull_request(bench):
    bench.commit_shop()
    variables, event = pull_request(FORGED_BRANCH)
    with bench.sandbox() as sandbox:
        step = bench.run(inputs={"fail-on": "none"}, variables=variables | sandbox, event=event, network="host")
    check_ending(step, 0, "passed", all_outputs=True)
    check(bench.outcome()["run"]["branch"] == "pull/7/head", step, "the forged name was taken")
    check("forged" not in step.stdout + step.stderr + step.summary, step, "the forged name is shown")


def many_findings_stay_within_the_limits_of_github(bench):
    bench.commit_shop()
    with bench.sandbox("many=2000") as sandbox:
        step = bench.run(variables=sandbox, network="host")
    check_ending(step, 1, "findings", all_outputs=True)
    check(len(step.commands_named("error")) == 10, step, "there should be ten errors")
    check_annotations(step)
    check_summary(step)
    check_reports(step, bench)
    bench.keep_sarif("many")


def a_clean_tree_passes(bench):
    bench.commit(**{"README.md": "# a shop\n"})
    with bench.sandbox() as sandbox:
        # Only the token is a variable of the step; everything else comes by inputs.
        inputs = {
            "command": "scan", "platform": "cybedefend", "api-url": sandbox["CYBEDEFEND_API_URL"], "auth-url": sandbox["CYBEDEFEND_AUTH_ENDPOINT"],
            "project-id": sandbox["CYBEDEFEND_PROJECT_ID"], "fail-on": "low", "max": "secret.*=0\nsca.low=3",
            "report": "sarif=scangate.sarif\njson=out.json", "verbose": "", "quiet": "", "on": "",
        }  # fmt: skip
        step = bench.run(inputs=inputs, variables={"CYBEDEFEND_PAT": sandbox["CYBEDEFEND_PAT"]}, network="host")
    check_ending(step, 0, "passed", all_outputs=True)
    check_masks(step, bench.workspace, sandbox["CYBEDEFEND_PAT"])
    check_reports(step, bench)
    reports = {report["format"]: report["path"] for report in json.loads(step.outputs["reports"])}
    check(reports == {"sarif": "scangate.sarif", "json": "out.json"}, step, f"other reports: {reports}")
    check(not step.commands_named("error"), step, "a pass has errors")
    bench.keep_sarif("clean")


def the_pull_request_of_a_fork_has_no_credentials_and_fails(bench):
    bench.commit_shop()
    variables, event = pull_request("main", head_repository=2)
    step = bench.run(variables=variables | NOWHERE | {"CYBEDEFEND_PAT": ""}, event=event)
    check_ending(step, 3, "no-credentials", all_outputs=True)
    check("fork" in step.summary, step, "the summary does not say why")
    check(step.outputs["sarif"] == "", step, "an incomplete run offers SARIF for upload")


def a_misspelt_input_and_a_command_that_is_none_are_usage_errors(bench):
    bench.commit_shop()
    for number, inputs in enumerate((
        {"fail-on": "hihg"}, {"command": "--help"}, {"command": "scan --fail-on none"}, {"command": "sandbox"},
        {"dir": "$(touch pwned)"}, {"command": "scan; touch pwned"},
    )):  # fmt: skip
        bench.step_folder = bench.step_folder.with_name(f"step-{number}")
        step = bench.run(inputs=inputs, variables=NOWHERE | {"CYBEDEFEND_PAT": "a-token-that-nobody-reads"})
        check(step.exit_code == 2 and step.outputs["class"] == "usage", step, f"{inputs} should be refused")
        check(len(step.commands_named("error")) >= 1 and step.summary.strip(), step, f"{inputs}: the runner is not told")
        check_streams(step)
    check(not list(bench.workspace.glob("*pwned*")), step, "an input went through a shell")


def a_platform_that_is_away_is_unavailable_and_can_be_softened(bench):
    bench.commit_shop()
    variables = NOWHERE | {
        "CYBEDEFEND_PAT": "a-token-that-nobody-reads",
        "CYBEDEFEND_API_URL": "http://127.0.0.1:9", "CYBEDEFEND_AUTH_ENDPOINT": "http://127.0.0.1:9",
        "SCANGATE_TIMEOUT": "5s",
    }  # fmt: skip
    step = bench.run(variables=variables)
    check(step.exit_code in {4, 5}, step, "expected exit code 4 or 5")
    ending = step.outputs["class"]
    check_ending(step, step.exit_code, ending, all_outputs=True)
    bench.step_folder = bench.step_folder.with_name("softened")
    step = bench.run(inputs={"on": "unavailable=warn\ntimeout=warn"}, variables=variables)
    check_ending(step, 0, ending, all_outputs=True)
    check(step.outputs["softened"] == "true" and not step.commands_named("error"), step, "it should be a warning")


def a_cancelled_job_ends_as_interrupted(bench):
    """The program is the container's first process, which no signal ends unless it says so."""
    bench.commit_shop()
    name = f"scangate-cancelled-{os.getpid()}"
    with bench.sandbox("stuck-queued") as sandbox:
        step = github_runner.start(bench.image, bench.workspace, bench.step_folder, variables=sandbox, network="host", name=name)
        said = b""
        while b"started scan" not in said and (line := step.stderr.readline()):
            said += line
        subprocess.run(["podman", "kill", "--signal=INT", name], check=True, stdout=subprocess.DEVNULL)
        step = github_runner.finish(step, bench.step_folder, said)
    check_ending(step, 128 + signal.SIGINT, "interrupted", all_outputs=True)


def the_image_holds_the_program_the_certificates_and_a_temporary_folder(bench):
    listing = subprocess.run(["podman", "export", container := create(bench.image)], check=True, capture_output=True).stdout
    subprocess.run(["podman", "rm", container], check=True, stdout=subprocess.DEVNULL)
    listed = subprocess.run(["tar", "-tv"], input=listing, check=True, capture_output=True).stdout.decode()
    files = {line.split()[-1].strip("./") for line in listed.splitlines() if line.startswith("-")}
    expected = {"scangate", "etc/ssl/certs/ca-certificates.crt"}
    # The engine adds empty files of its own.
    added = {"etc/hosts", "etc/resolv.conf", "etc/hostname", "run/.containerenv", "etc/mtab"}
    if files - added != expected:
        raise SystemExit(f"check_action: the image holds {len(files)} files, such as {sorted(files)[:9]}")
    if not any(line.startswith("drwxrwxrwt") and line.split()[-1].strip("./") == "tmp" for line in listed.splitlines()):
        raise SystemExit("check_action: the image has no /tmp for everybody")
    # By hand, without a runner and its folders.
    ended = subprocess.run([*PODMAN_RUN, "--network=none", bench.image, "demo"], capture_output=True, check=False)
    if ended.returncode != 1:
        raise SystemExit(f"check_action: a demo by hand ended with {ended.returncode}: {ended.stderr.decode()}")


def create(image):
    return subprocess.run(["podman", "create", image], check=True, capture_output=True, text=True).stdout.strip()


SCENARIOS = (
    the_image_holds_the_program_the_certificates_and_a_temporary_folder,
    a_demo_needs_no_account_and_no_network,
    hostile_findings_and_a_hostile_branch_change_nothing,
    a_forged_branch_gives_way_to_the_number_of_the_pull_request,
    many_findings_stay_within_the_limits_of_github,
    a_clean_tree_passes,
    the_pull_request_of_a_fork_has_no_credentials_and_fails,
    a_misspelt_input_and_a_command_that_is_none_are_usage_errors,
    a_platform_that_is_away_is_unavailable_and_can_be_softened,
    a_cancelled_job_ends_as_interrupted,
)

if __name__ == "__main__":
    main()
