"""Runs unittest or Django tests and writes a JUnit report to the file named by JUNIT_XML. No package needed.

    JUNIT_XML=reports/worker.xml python3 ci/junit_runner.py worker
    JUNIT_XML=../reports/web.xml PYTHONPATH=../ci python3 manage.py test --testrunner junit_runner.DjangoJUnitRunner
"""
import os
import sys
import time
import unittest
from xml.etree import ElementTree


class JUnitResult(unittest.TextTestResult):
    """Notes how long each test took and how it ended."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.cases = []
        self._started = 0.0

    def startTest(self, test):
        self._started = time.monotonic()
        super().startTest(test)

    def _note(self, test, kind=None, text=""):
        name = getattr(test, "_testMethodName", str(test))
        group = f"{type(test).__module__}.{type(test).__qualname__}"
        self.cases.append((group, name, time.monotonic() - self._started, kind, text))

    def addSuccess(self, test):
        super().addSuccess(test)
        self._note(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test, "failure", self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._note(test, "error", self.errors[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._note(test, "skipped", reason)

    def write(self, path):
        count = {kind: sum(case[3] == kind for case in self.cases) for kind in ("failure", "error", "skipped")}
        suite = ElementTree.Element(
            "testsuite",
            name=os.environ.get("JUNIT_SUITE", "tests"),
            tests=str(len(self.cases)),
            failures=str(count["failure"]),
            errors=str(count["error"]),
            skipped=str(count["skipped"]),
            time=f"{sum(case[2] for case in self.cases):.3f}",
        )
        for group, name, seconds, kind, text in self.cases:
            case = ElementTree.SubElement(suite, "testcase", classname=group, name=name, time=f"{seconds:.3f}")
            if kind:
                message = text.strip().splitlines()[-1] if text.strip() else ""
                ElementTree.SubElement(case, kind, message=message).text = text
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


class JUnitTextRunner(unittest.TextTestRunner):
    resultclass = JUnitResult

    def run(self, test):
        result = super().run(test)
        if os.environ.get("JUNIT_XML"):
            result.write(os.environ["JUNIT_XML"])
        return result


try:
    from django.test.runner import DiscoverRunner
except ImportError:
    pass
else:

    class DjangoJUnitRunner(DiscoverRunner):
        test_runner = JUnitTextRunner

        def get_resultclass(self):
            return JUnitResult


if __name__ == "__main__":
    tests = unittest.defaultTestLoader.discover(sys.argv[1] if len(sys.argv) > 1 else ".")
    sys.exit(not JUnitTextRunner(verbosity=2).run(tests).wasSuccessful())
