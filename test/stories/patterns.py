# SPDX-License-Identifier: Apache-2.0
"""Patterns made at random: does `programs/patterns` find what Python's own `re` finds?

    patterns.py PROGRAM COUNT [SEED]
"""

import random
import re
import subprocess
import sys
import warnings

warnings.simplefilter("ignore")
program, count = sys.argv[1], int(sys.argv[2])
seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(2**32)
dice = random.Random(seed)
pick = dice.choice

ATOMS = ["a", "b", "c", "A", "_", "1", "/", "-", " ", ".", "\\.", "\\d", "\\D", "\\w", "\\W", "\\s",
         "\\S", "[ab]", "[^ab]", "[a-c1]", "[^\\w/]", "[]a]", "[a-]", "[\\d-]", "\\x61", "\\0", "\\141",
         "[\\x00-\\x20]", "\\n", "\\-", "{", "}", "{x}", "a{,", "]", "\\t", "\\/", "[^]]", "[\\b]"]
ASSERTIONS = ["^", "$", "\\A", "\\Z", "\\b", "\\B"]
TIMES = ["*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{1,2}", "{,2}", "{1,}", "{,}", "{0,1}?", "{2}?"]
ODD = ["(", ")", "[", "*", "+", "?", "\\", "|", "{2}", "(?", "(?i)", "(?=a)", "\\1", "[b-a]", "a**", "a*+", "\\y"]
GROUPS = ["(", "(?:", "(?i:", "(?s:", "(?m:", "(?P<n%d>", "(?-i:"]
BYTES = [b"a", b"b", b"c", b"A", b"_", b"1", b"/", b"-", b" ", b"\n", b".", b"{", b"}", b"\0", b"\xff", b"x", b"]"]
names = 0


def piece(depth):
    global names
    kind = dice.random()
    if kind < 0.12:
        return pick(ASSERTIONS)
    if kind < 0.3 and depth:
        names += 1
        group = pick(GROUPS)
        text = (group % names if "%" in group else group) + pattern(depth - 1) + ")"
    else:
        text = pick(ATOMS)
    return text + (pick(TIMES) if dice.random() < 0.35 else "")


def pattern(depth):
    text = "".join(piece(depth) for _ in range(dice.randrange(5)))
    return text + "|" + pattern(depth) if dice.random() < 0.15 else text


def one():
    text = pattern(3)
    if dice.random() < 0.1:
        text = pick(["(?i)", "(?s)", "(?m)", "(?is)", "(?a)", "(?i)(?s)"]) + text
    if dice.random() < 0.08:
        at = dice.randrange(len(text) + 1)
        text = text[:at] + pick(ODD) + text[at:]
    return text.encode(), b"".join(pick(BYTES) for _ in range(dice.randrange(9)))


def expected(text, subject):
    try:
        return "1" if re.search(text, subject) else "0"
    except (re.error, OverflowError):
        return "bad"


cases = [one() for _ in range(count)]
told = subprocess.run([program], input="".join(f"{p.hex()} {t.hex()}\n" for p, t in cases),
                      capture_output=True, text=True, check=True).stdout.split()
wrong = seen = 0
for (text, subject), said in zip(cases, told):
    wanted = expected(text, subject)
    # In a list a comma of a count is written with a backslash.
    if re.search(rb"\{\d*\\,\d*\}", text):
        continue
    # What we refuse though Python has it: no linear search can do it, or it is too large for us.
    if said == "bad" and (re.search(rb"\(\?[=!<>(]|\(\?P[=>]|\\[1-9]|[*+?}]\+", text) or len(text) > 100):
        continue
    seen += 1
    if said != wanted:
        wrong += 1
        print(f"{text!r} in {subject!r}: {said}, Python says {wanted}")
print(f"{seen} of {count} compared, {wrong} differ, seed {seed}")
sys.exit(wrong > 0 or len(told) != count or seen < count * 0.8)
