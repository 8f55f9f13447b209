"""What must hold of the repository as a whole."""

import re
import subprocess
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

TOP = Path(__file__).parents[2]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))
OURS = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
LONGEST = 400
# A machine's own folders, and where it downloads from, mean nothing to others. Written so as not to find themselves.
BANNED = re.compile(
    r"(?<![\w.])/(?:w[o]rk|f[a]rm|r[o]ot)/|\.\./s[h]ared|https?://\S+/(?:simple|packages)/"
    r"|://(?:[\w.-]*\.)?(?:p[y]pi|p[y]thonhosted|n[p]mjs)\.\w+"
)


def test_no_other_distribution_owns_one_of_our_package_names() -> None:
    owners = packages_distributions()
    assert {name: owners[name] for name in OURS if set(owners.get(name, ())) - {"wardcycle"}} == {}


def test_the_wheel_lists_every_package_and_no_tests() -> None:
    found = {file.parent.name for file in TOP.glob("*/__init__.py")}
    assert set(OURS) == found - {"tests", "bench"}


def test_the_floors_and_the_types_are_checked_for_every_package() -> None:
    assert set(PROJECT["tool"]["importlinter"]["root_packages"]) == set(OURS)
    assert set(OURS) <= set(PROJECT["tool"]["mypy"]["packages"])


def test_no_file_of_code_is_longer_than_the_roof() -> None:
    lengths = {name: len(text.splitlines()) for name, text in _files().items() if name.endswith(".py")}
    # The first migration lists every table of the product.
    too_long = {name for name, n in lengths.items() if n > LONGEST and "/migrations/versions/" not in name}
    assert too_long == set()


def test_no_lock_file_with_download_addresses_is_tracked() -> None:
    assert "uv.lock" not in _git("ls-files")


def test_nothing_names_a_folder_of_one_machine_or_a_registry() -> None:
    found = [f"{name}: {match.group()}" for name, text in _files().items() for match in BANNED.finditer(text)]
    assert found == []


def test_the_commands_for_developers_in_the_readme_are_those_that_ci_runs() -> None:
    readme, ci = (TOP / "README.md").read_text("utf-8"), (TOP / ".ci/run").read_text("utf-8")
    commands = [
        part.strip()
        for block in re.findall(r"```\w*\n(.*?)```", readme, re.DOTALL)
        for line in block.splitlines()
        for part in line.split("&&")
    ]
    assert "bash .ci/prepare" in commands and 'step "machine" bash .ci/prepare' in ci
    assert ".uv/bin/uv run pytest" in commands and ".uv/bin/uv run pytest" in ci.splitlines()
    prepare = (TOP / ".ci/prepare").read_text("utf-8")
    assert all(part in prepare for part in commands if "venv" in part or "pip install" in part)


def _files() -> dict[str, str]:
    """Read every text file that is or would be committed."""
    found = {}
    for name in _git("ls-files", "--cached", "--others", "--exclude-standard"):
        file = TOP / name
        content = file.read_bytes() if file.is_file() else b"\0"
        if b"\0" not in content:
            found[name] = content.decode("utf-8")
    return found


def _git(*arguments: str) -> list[str]:
    output = subprocess.run(["git", *arguments, "-z"], cwd=TOP, check=True, capture_output=True, text=True).stdout
    return output.rstrip("\0").split("\0")
