"""What `import smtpnb` loads, and what it promises."""

import subprocess
import sys

import pytest

import smtpnb

HEAVY = ("IPython", "ipywidgets", "traitlets", "htpy", "cryptography", "pandas")


@pytest.mark.parametrize(
    "statement",
    [
        "import smtpnb",
        "from smtpnb import SmtpClient",
        "from smtpnb import Sandbox; Sandbox().close()",
        "import smtpnb.cli",
    ],
)
def test_nothing_heavy_is_loaded(statement: str) -> None:
    code = f"import sys; {statement}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_loads_fewer_modules_than_smtplib() -> None:
    def loaded(statement: str) -> int:
        code = f"import sys; {statement}; print(len(sys.modules))"
        return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)

    assert loaded("import smtpnb") < loaded("import smtplib")


@pytest.mark.parametrize("name", smtpnb.__all__)
def test_public_name_resolves(name: str) -> None:
    assert getattr(smtpnb, name) is not None


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'SmtpServer'"):
        smtpnb.SmtpServer  # noqa: B018
