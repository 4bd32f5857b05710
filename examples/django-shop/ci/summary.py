"""Prints how many tests each JUnit report of a directory holds."""
import sys
from pathlib import Path
from xml.etree import ElementTree

total = 0
for report in sorted(Path(sys.argv[1]).glob("*.xml")):
    cases = sum(1 for _ in ElementTree.parse(report).iter("testcase"))
    total += cases
    print(f"{report.stem:10} {cases:4} tests")
print(f"{'in all':10} {total:4} tests")
