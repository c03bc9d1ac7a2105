"""Measure the CPU seconds of `import longthought`, and check that it loads neither torch nor transformers.

python benchmarks/startup.py
"""

import resource
import statistics
import subprocess
import sys

CODE = "import longthought, sys; print(sorted({'torch', 'transformers'} & set(sys.modules)))"


def main() -> None:
    """Import in ten fresh processes, compared with ten processes that import nothing."""
    costs: dict[str, list[float]] = {"import longthought": [], "bare python": []}
    for _ in range(10):
        for name, code in (("import longthought", CODE), ("bare python", "print([])")):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert found.strip() == "[]", f"loaded {found}"
            costs[name].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    for name, seconds in costs.items():
        print(f"{name:<20} median {statistics.median(seconds):.3f} s CPU, worst {max(seconds):.3f} s")


if __name__ == "__main__":
    main()
