"""Command line of the replays of a file, and the figures that they print."""

import argparse
import json
import resource
import sys


def arguments(description):
    """Reads INPUT, OUTPUT and the number of threads."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("input", metavar="INPUT", help="file of events, NDJSON")
    parser.add_argument("output", metavar="OUTPUT", help="file of windows, NDJSON")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def print_usage():
    """Prints CPU seconds and peak memory as one JSON line on stderr."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"cpu_s": round(sum(each.ru_utime + each.ru_stime for each in used), 3),
                      "rss_mb": round(max(each.ru_maxrss for each in used) / 1024, 1)}),
          file=sys.stderr)
