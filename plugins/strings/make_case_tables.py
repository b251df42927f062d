#!/usr/bin/env python3
"""Writes case_tables.h: the simple case mappings of Unicode, as Python's unicodedata knows them.

    python3 make_case_tables.py > case_tables.h

Python maps in full (one code point to several). The simple mapping is the full one where that is a
single code point. Elsewhere UnicodeData.txt has the title case form (U+1F80 to U+1F88) or nothing;
for lower case U+0130 is the only such code point, and its simple mapping the first one, "i".
"""

import unicodedata

PAGE = 64


def upper(character):
    for mapped in (character.upper(), character.title()):
        if len(mapped) == 1:
            return mapped
    return character


def lower(character):
    return character.lower()[0]


def deltas(mapping):
    last = 0
    found = {}
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        delta = ord(mapping(chr(code))) - code
        if delta:
            found[code] = delta
            last = code
    return [found.get(code, 0) for code in range((last // PAGE + 1) * PAGE)]


def array(kind, name, numbers):
    lines, line = [], "   "
    for number in numbers:
        item = f" {number},"
        if len(line) + len(item) > 100:
            lines.append(line)
            line = "   "
        line += item
    lines.append(line)
    return "\n".join([f"static const {kind} {name}[] = {{", *lines, "};\n"])


def table(name, mapping):
    numbers = deltas(mapping)
    kinds = sorted(set(numbers), key=lambda delta: (delta != 0, delta))
    pages, order = {}, []
    for start in range(0, len(numbers), PAGE):
        page = tuple(kinds.index(delta) for delta in numbers[start:start + PAGE])
        order.append(pages.setdefault(page, len(pages)))
    assert len(kinds) <= 256 and len(pages) <= 256
    return "\n".join([
        array("uint8_t", f"{name}_pages", order),
        array("uint8_t", f"{name}_kinds", [kind for page in pages for kind in page]),
        array("int32_t", f"{name}_deltas", kinds),
        f"static const struct case_map {name}_case = {{{hex(len(numbers))}, "
        f"{name}_pages, {name}_kinds, {name}_deltas}};\n",
    ])


print(f"""/* Written by make_case_tables.py. Simple case mappings of Unicode {unicodedata.unidata_version}:
 * code + deltas[kinds[pages[code / {PAGE}] * {PAGE} + code % {PAGE}]] below `limit`, code itself above. */
#include <stdint.h>

#define CASE_PAGE {PAGE}

struct case_map {{
    uint32_t limit;
    const uint8_t *pages, *kinds;
    const int32_t *deltas;
}};
""")
print(table("upper", upper))
print(table("lower", lower), end="")
