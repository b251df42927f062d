/* strings.match: a filter by a POSIX extended regular expression. */
#define _GNU_SOURCE /* re_search, which unlike regexec takes texts that do not end with a NUL */
#include "strings.h"

#include <limits.h>
#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct matcher {
    regex_t pattern;
    locale_t utf8; /* in which "." is a code point; 0 where the system has none, and then a byte */
};

static int compile(struct matcher *matcher, const char *pattern) {
    locale_t before = matcher->utf8 ? uselocale(matcher->utf8) : (locale_t)0;
    int error = regcomp(&matcher->pattern, pattern, REG_EXTENDED | REG_NOSUB);
    if (matcher->utf8) uselocale(before);
    return error;
}

pipes_status match_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state) {
    (void)count;
    if (args[0].size && memchr(args[0].text, 0, args[0].size))
        return strings_refuse(host, node, "pattern can't contain a NUL");
    struct matcher *matcher = malloc(sizeof *matcher);
    char *pattern = strndup(args[0].text, args[0].size);
    if (!matcher || !pattern) {
        free(matcher);
        free(pattern);
        return strings_refuse(host, node, "no memory");
    }
    struct dialect_flaw flaw;
    if (dialect_is_other(pattern, &flaw)) {
        free(matcher);
        free(pattern);
        char reason[sizeof "pattern: " + sizeof flaw.text];
        snprintf(reason, sizeof reason, "pattern: %s", flaw.text);
        return strings_refuse(host, node, reason);
    }
    matcher->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    int error = compile(matcher, pattern);
    free(pattern);
    if (!error) {
        *state = matcher;
        return PIPES_OK;
    }
    char reason[256] = "pattern: ";
    size_t used = strlen(reason);
    regerror(error, &matcher->pattern, reason + used, sizeof reason - used);
    if (matcher->utf8) freelocale(matcher->utf8);
    free(matcher);
    return strings_refuse(host, node, reason);
}

pipes_status match_map(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
    struct matcher *matcher = state;
    if (row->kind == PIPES_NULL) return PIPES_SKIP; /* no text, no match */
    if (row->kind != PIPES_STRING) return strings_not_text(call, row, result);
    if (row->size > INT_MAX) {
        return pipes_explain(call, PIPES_REJECT, "the text is too long for a regular expression");
    }
    int size = (int)row->size;
    locale_t before = matcher->utf8 ? uselocale(matcher->utf8) : (locale_t)0;
    int place = re_search(&matcher->pattern, size ? row->text : "", size, 0, size, NULL);
    if (matcher->utf8) uselocale(before);
    if (place == -1) return PIPES_SKIP;
    if (place < 0) return pipes_explain(call, PIPES_RETRY, "no memory to match the pattern");
    *result = *row;
    return PIPES_OK;
}

void match_close(void *state) {
    struct matcher *matcher = state;
    regfree(&matcher->pattern);
    if (matcher->utf8) freelocale(matcher->utf8);
    free(matcher);
}
