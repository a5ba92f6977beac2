"""Completion in shells."""

import shutil
import subprocess

import pytest
from powershell import powershell_errors

from reaper_drumgain.cli import main
from reaper_drumgain.cli.commands import COMMANDS


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh", "fish"])
def test_the_script_knows_all_commands_and_options(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in (*COMMANDS, "dry-run", "in-place", "partial-loudness", "outliers"):
        assert word in script


def test_bash_completes_commands_options_and_values(capsys, tmp_path):
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    assert main(["completion", "bash"]) == 0
    (tmp_path / "completion").write_text(capsys.readouterr().out)

    def completed(*words):
        line = " ".join(words)
        ask = (
            f". ./completion; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
            "_shtab_drumgain; printf '%s\\n' \"${COMPREPLY[@]}\""
        )
        done = subprocess.run(
            [bash, "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    assert completed("drumgain", "bal") == ["balance"]
    assert completed("drumgain", "balance", "--dr") == ["--dry-run"]
    assert completed("drumgain", "balance", "--mode", "out") == ["outliers"]


def test_the_script_for_powershell_is_in_its_grammar(capsys):
    assert main(["completion", "powershell"]) == 0
    script = capsys.readouterr().out
    assert "in-place" in script
    assert powershell_errors(script) == []
