"""A pytest plugin that writes down how each phase of a test ended, and whether an assertion ended it."""

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    raised = call.excinfo.value if call.excinfo is not None else None
    with Path(os.environ["RELAY_WITNESS"]).open("a", encoding="utf-8") as out:
        out.write(json.dumps([report.when, report.outcome, is_assertion(raised)]) + "\n")
    return report


def is_assertion(raised: BaseException | None) -> bool:
    """Whether it says that something is not as promised; a group does when any of it does."""
    if isinstance(raised, BaseExceptionGroup):
        return any(is_assertion(each) for each in raised.exceptions)
    return isinstance(raised, AssertionError | pytest.fail.Exception)
