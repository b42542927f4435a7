#!/usr/bin/env python3
"""Turns migrations/*.sql into a C array (daemon/store/migrations.h): embed.py OUTPUT FILE…"""
import os
import re
import sys


def quoted(text):
    """One C string literal a line: UTF-8 bytes beyond ASCII as octal escapes, so that no source character set matters."""
    for line in text.splitlines(keepends=True):
        parts = []
        for byte in line.encode():
            char = chr(byte)
            if char == "\n":
                parts.append("\\n")
            elif char in '\\"':
                parts.append("\\" + char)
            elif 32 <= byte < 127 and char != "?":
                parts.append(char)
            else:
                parts.append("\\%03o" % byte)
        yield '        "%s"' % "".join(parts)


def main(output, files):
    rows, latest = [], -1
    for path in sorted(files, key=os.path.basename):
        name = os.path.basename(path)[:-len(".sql")]
        match = re.fullmatch(r"([0-9]{4})_[a-z0-9_]+", name)
        if not match:
            sys.exit("%s: not named 0001_what_it_does.sql" % path)
        version = int(match.group(1))
        if version <= latest or (latest < 0) != (version == 0):
            sys.exit("%s: versions must rise from 0000" % path)
        latest = version
        with open(path, encoding="utf-8") as file:
            body = "\n".join(quoted(file.read()))
        rows.append('        { %d, "%s",\n%s },\n' % (version, name, body))
    with open(output, "w", encoding="ascii") as file:
        file.write('#include "store/migrations.h"\n\n#include <stddef.h>\n\nconst Migration migrations[] = {\n')
        file.write("".join(rows))
        file.write("        { 0, NULL, NULL },\n};\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
