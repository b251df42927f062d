/* Durations as people write them. */
#define _POSIX_C_SOURCE 200809L
#include "flow.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint64_t nanoseconds;
} units[] = {
    {"ns", 1},         {"us", 1000},       {"ms", 1000000},
    {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
};

/* About 36 years: far from where a time on the clock would overflow. */
static const uint64_t longest = (uint64_t)1 << 60;

static bool is_digit(const char *at, const char *end) {
    return at < end && *at >= '0' && *at <= '9';
}

static uint64_t unit_named(const char *name, size_t size) {
    for (size_t unit = 0; unit < sizeof units / sizeof units[0]; unit++) {
        if (strlen(units[unit].name) == size && !memcmp(units[unit].name, name, size))
            return units[unit].nanoseconds;
    }
    return 0;
}

/* Digits, perhaps a point and digits, a unit, and nothing else. */
static bool parse(const char *text, size_t size, uint64_t *nanoseconds) {
    const char *at = text, *end = text + size;
    uint64_t whole = 0, part = 0, scale = 1;
    if (!is_digit(at, end)) return false;
    for (; is_digit(at, end); at++) {
        if (whole > longest / 10) return false;
        whole = whole * 10 + (uint64_t)(*at - '0');
    }
    if (at < end && *at == '.') {
        if (!is_digit(++at, end)) return false;
        for (; is_digit(at, end); at++) {
            if (scale == 1000000) continue; /* finer than any unit but hours and minutes can show */
            part = part * 10 + (uint64_t)(*at - '0');
            scale *= 10;
        }
    }
    uint64_t unit = unit_named(at, (size_t)(end - at));
    if (!unit || whole > longest / unit) return false;
    *nanoseconds = whole * unit + part * unit / scale;
    return true;
}

bool flow_duration(const pipes_host *host, pipes_node *node, const char *name,
                   const pipes_value *text, uint64_t *nanoseconds) {
    if (parse(text->text, text->size, nanoseconds)) return true;
    char reason[256];
    int shown = text->size < 64 ? (int)text->size : 64;
    snprintf(reason, sizeof reason,
             "%s: \"%.*s\" is not a duration; write a number and ns, us, ms, s, m or h, such as "
             "\"10ms\"",
             name, shown, text->text);
    flow_refuse(host, node, reason);
    return false;
}
