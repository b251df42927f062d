/* strings.so, processor by processor. Usage: test_strings strings.so */
#define _GNU_SOURCE
#include "host.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

static const pipes_plugin *strings;
static const pipes_value no_args[1];

static void maps_to(const char *name, const pipes_value *args, pipes_value row,
                    const char *expected) {
    pipes_node node;
    if (!CHECK(node_open(&node, plugin_find(strings, name), args) == PIPES_OK)) return;
    struct outcome outcome = node_map(&node, &row);
    if (!CHECK(outcome.status == PIPES_OK && outcome.count == 1 &&
               is_text(&outcome.results[0].value, expected))) {
        fprintf(stderr, "  %s: expected %s\n", name, expected);
    }
    call_free(&outcome);
    node_close(&node);
}

static void code_points_keep_their_bytes_when_reversed(void) {
    static const struct {
        const char *text, *reversed;
    } table[] = {
        {"", ""},
        {"a", "a"},
        {"abcdefgh", "hgfedcba"},
        {"abcdefghi", "ihgfedcba"},
        {"0123456789abcdef0123", "3210fedcba9876543210"},
        {"häßlich", "hcilßäh"},
        {"日本語", "語本日"},
        {"a😀b", "b😀a"},
        {"12345678é12345678", "87654321é87654321"},
        {"\xff"
         "a",
         "a\xff"},
        {"\xe6\x97", "\x97\xe6"},
        {"\xf0\x9f\x98", "\x98\x9f\xf0"},
    };
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++) {
        maps_to("reverse", no_args, text(table[at].text), table[at].reversed);
    }
}

static void case_is_changed_by_code_points(void) {
    static const struct {
        const char *text, *upper, *lower;
    } table[] = {
        {"", "", ""},
        {"@AZ[`az{ 0123456789", "@AZ[`AZ{ 0123456789", "@az[`az{ 0123456789"},
        {"straße", "STRAßE", "straße"},
        {"ẞ", "ẞ", "ß"},
        {"ıİ", "Iİ", "ıi"},
        {"ÿŸ", "ŸŸ", "ÿÿ"},
        {"ɐɐɐɐ", "ⱯⱯⱯⱯ", "ɐɐɐɐ"},
        {"Ⱥ", "Ⱥ", "ⱥ"},
        {"K", "K", "k"},
        {"ᾀᾈ", "ᾈᾈ", "ᾀᾀ"},
        {"ǆǅǄ", "ǄǄǄ", "ǆǆǆ"},
        {"ΣΑΣς", "ΣΑΣΣ", "σασς"},
        {"привет мир", "ПРИВЕТ МИР", "привет мир"},
        {"აბ", "ᲐᲑ", "აბ"},
        {"𐐨𐐀", "𐐀𐐀", "𐐨𐐨"},
        {"ﬁ", "ﬁ", "ﬁ"},
        {"abcdefgh\xff\xc3", "ABCDEFGH\xff\xc3", "abcdefgh\xff\xc3"},
    };
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++) {
        maps_to("upper", no_args, text(table[at].text), table[at].upper);
        maps_to("lower", no_args, text(table[at].text), table[at].lower);
    }
}

static size_t encode(wint_t code, char *to) {
    mbstate_t state = {0};
    return wcrtomb(to, (wchar_t)code, &state);
}

/* The C library has simple case mappings of its own, made from the same file of Unicode. */
static void every_code_point_has_the_case_that_libc_gives_it(void) {
    if (!setlocale(LC_CTYPE, "C.UTF-8")) return;
    pipes_node upper, lower;
    CHECK(node_open(&upper, plugin_find(strings, "upper"), no_args) == PIPES_OK);
    CHECK(node_open(&lower, plugin_find(strings, "lower"), no_args) == PIPES_OK);
    for (wint_t code = 1; code <= 0x10FFFF; code++) {
        if (code >= 0xD800 && code < 0xE000) continue;
        char from[8], to[8];
        pipes_value row = pipes_string(from, encode(code, from));
        struct {
            pipes_node *node;
            wint_t expected;
        } both[] = {{&upper, towupper(code)}, {&lower, towlower(code)}};
        for (int way = 0; way < 2; way++) {
            struct outcome outcome = node_map(both[way].node, &row);
            to[encode(both[way].expected, to)] = 0;
            if (!is_text(&outcome.results[0].value, to)) {
                CHECK(!"as in libc");
                fprintf(stderr, "  %s of U+%04X\n", both[way].node->processor->name, code);
            }
            call_free(&outcome);
        }
    }
    node_close(&upper);
    node_close(&lower);
}

static void what_is_no_text_passes_or_is_rejected(void) {
    static const char *const names[] = {"reverse", "upper", "lower"};
    for (int at = 0; at < 3; at++) {
        pipes_node node;
        CHECK(node_open(&node, plugin_find(strings, names[at]), no_args) == PIPES_OK);
        pipes_value rows[] = {pipes_null(), pipes_int(3), text("abc")};
        struct outcome outcome = node_map(&node, &rows[0]);
        CHECK(outcome.status == PIPES_OK && outcome.results[0].value.kind == PIPES_NULL);
        call_free(&outcome);
        outcome = node_map(&node, &rows[1]);
        CHECK(outcome.status == PIPES_REJECT && !strcmp(outcome.explained, "not a STRING"));
        call_free(&outcome);
        host_fail_after(0);
        outcome = node_map(&node, &rows[2]);
        CHECK(outcome.status == PIPES_RETRY);
        call_free(&outcome);
        node_close(&node);
    }
}

static void parts_come_with_their_row(void) {
    pipes_node node;
    pipes_value args[] = {text(" ")};
    const pipes_processor *split = plugin_find(strings, "split");
    check_params(split, "separator=\" \"");
    CHECK(node_open(&node, split, args) == PIPES_OK);
    pipes_value rows[] = {text("a b"), text(""), text(" x "), pipes_null(), pipes_int(1)};
    struct outcome outcome = node_process(&node, rows, 5);
    static const struct {
        uint64_t row;
        const char *part;
    } parts[] = {
        {0, "a"}, {0, "b"}, {1, ""}, {2, ""}, {2, "x"}, {2, ""},
    };
    CHECK(outcome.status == PIPES_OK && outcome.count == 6 && outcome.settled_count == 1);
    CHECK(outcome.settled[0].row == 4 && outcome.settled[0].status == PIPES_REJECT);
    for (size_t at = 0; at < 6; at++) {
        CHECK(outcome.results[at].row == parts[at].row &&
              is_text(&outcome.results[at].value, parts[at].part));
    }
    call_free(&outcome);
    node_close(&node);

    args[0] = text("::");
    CHECK(node_open(&node, split, args) == PIPES_OK);
    rows[0] = text("a::b:::c");
    outcome = node_process(&node, rows, 1);
    CHECK(outcome.count == 3 && is_text(&outcome.results[1].value, "b") &&
          is_text(&outcome.results[2].value, ":c"));
    call_free(&outcome);
    node_close(&node);

    args[0] = text("");
    CHECK(node_open(&node, split, args) == PIPES_FATAL);
}

static void joined_texts_are_put_together(void) {
    pipes_node node;
    pipes_value args[] = {text(", ")};
    const pipes_processor *concat = plugin_find(strings, "concat");
    check_params(concat, "separator=\"\"");
    CHECK(node_open(&node, concat, args) == PIPES_OK);
    node.inputs = 3;
    pipes_value row[] = {text("a"), pipes_null(), text("c")};
    struct outcome outcome = node_map(&node, row);
    CHECK(outcome.status == PIPES_OK && is_text(&outcome.results[0].value, "a, , c"));
    call_free(&outcome);
    row[1] = pipes_int(7);
    outcome = node_map(&node, row);
    CHECK(outcome.status == PIPES_REJECT && !strcmp(outcome.explained, "input 2 is not a STRING"));
    call_free(&outcome);
    node_close(&node);
}

static void a_pattern_keeps_what_matches(void) {
    static const struct {
        const char *pattern;
        pipes_value row;
        pipes_status status;
    } table[] = {
        {"^a+b$", {PIPES_STRING, 0, {.text = "aab"}, 3}, PIPES_OK},
        {"^a+b$", {PIPES_STRING, 0, {.text = "aabx"}, 4}, PIPES_SKIP},
        {"^a+b$", {PIPES_STRING, 0, {.text = "aabx"}, 3}, PIPES_OK},
        {"^.$", {PIPES_STRING, 0, {.text = "é"}, 2}, PIPES_OK},
        {"^xa.*bx$", {PIPES_STRING, 0, {.text = "xa\0bx"}, 5}, PIPES_SKIP}, /* "." is no NUL */
        {"bx$", {PIPES_STRING, 0, {.text = "xa\0bx"}, 5}, PIPES_OK},
        {"(x|y){2}", {PIPES_STRING, 0, {.text = "axyz"}, 4}, PIPES_OK},
        {"^$", {PIPES_STRING, 0, {.text = ""}, 0}, PIPES_OK},
        {"x", {PIPES_STRING, 0, {.text = ""}, 0}, PIPES_SKIP},
        {"x", {PIPES_NULL, 0, {0}, 0}, PIPES_SKIP},
        {"x", {PIPES_INT, 0, {1}, 0}, PIPES_REJECT},
    };
    const pipes_processor *match = plugin_find(strings, "match");
    check_params(match, "pattern!");
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++) {
        pipes_node node;
        pipes_value args[] = {text(table[at].pattern)};
        CHECK(node_open(&node, match, args) == PIPES_OK);
        struct outcome outcome = node_map(&node, &table[at].row);
        if (!CHECK(outcome.status == table[at].status))
            fprintf(stderr, "  %s\n", table[at].pattern);
        call_free(&outcome);
        node_close(&node);
    }
    pipes_node node;
    pipes_value args[] = {text("a(b")};
    CHECK(node_open(&node, match, args) == PIPES_FATAL);
    CHECK(!strcmp(node.explained, "pattern: Unmatched ( or \\("));
    args[0] = pipes_string("a\0b", 3);
    CHECK(node_open(&node, match, args) == PIPES_FATAL);
}

/* What other dialects mean differently, and what to write. */
static void a_pattern_of_another_dialect_is_refused(void) {
    static const struct {
        const char *pattern, *reason;
    } table[] = {
        {"port \\d+$", "\\d has no meaning in POSIX regular expressions; write [0-9]"},
        {"(\\D|x)", "\\D has no meaning in POSIX regular expressions; write [^0-9]"},
        {"\\\\\\d", "\\d has no meaning in POSIX regular expressions; write [0-9]"},
        {"a\\tb", "\\t has no meaning in POSIX regular expressions; write the character itself, "
                  "which JSON can write as \"\\t\""},
        {"\\x41", "\\x has no meaning in POSIX regular expressions; write the character itself, "
                  "which JSON can write as \"\\u\" and four digits"},
        {"\\p{L}", "\\p has no meaning in POSIX regular expressions; write a class such as "
                   "[[:alpha:]] or [[:punct:]]"},
        {"\\Aa", "\\A has no meaning in POSIX regular expressions; write ^"},
        {"a\\Z", "\\Z has no meaning in POSIX regular expressions; write $"},
        {"\\0", "\\0 has no meaning in POSIX regular expressions; write another pattern: no text "
                "matches a NUL here"},
        {"\\q", "\\q has no meaning in POSIX regular expressions; write q"},
        {"[\\d.]", "\\d in brackets is a backslash or the letter d in POSIX regular expressions; "
                   "write 0-9, or \\\\d if that is meant"},
        {"[^]\\s]", "\\s in brackets is a backslash or the letter s in POSIX regular expressions; "
                    "write [:space:], or \\\\s if that is meant"},
        {"[[:alpha:]\\q]", "\\q in brackets is a backslash or the letter q in POSIX regular "
                           "expressions; write \\\\q if that is meant"},
        {"^[:digit:]+$", "[:digit:] is a set of these characters in POSIX regular expressions; "
                         "write [[:digit:]]"},
        {"(?:a|b)", "(? has no meaning in POSIX regular expressions; write ( for (?: and [aA] for "
                    "(?i)a"},
        {"a+?b", "+? repeats twice in POSIX regular expressions; write +, since it is the same "
                 "texts that match"},
        {"a{2,3}?b", "}? repeats twice in POSIX regular expressions; write }, since it is the same "
                     "texts that match"},
    };
    const pipes_processor *match = plugin_find(strings, "match");
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++) {
        pipes_node node;
        char reason[256];
        snprintf(reason, sizeof reason, "pattern: %s", table[at].reason);
        pipes_value args[] = {text(table[at].pattern)};
        if (!CHECK(node_open(&node, match, args) == PIPES_FATAL)) {
            node_close(&node);
        } else if (!CHECK(!strcmp(node.explained, reason))) {
            fprintf(stderr, "  %s\n", node.explained);
        }
    }
}

/* What the C library means by a backslash, and escapes that change nothing. */
static void what_is_meant_by_a_backslash_stays(void) {
    static const struct {
        const char *pattern, *match, *other;
    } table[] = {
        {"^\\w+$", "a_1", "a b"},       {"^\\W$", ".", "a"},
        {"a\\sb", "a b", "asb"},        {"^\\S$", "s", " "},
        {"\\bfoo\\b", "a foo", "food"}, {"o\\B", "food", "fo"},
        {"\\<foo\\>", "a foo", "food"}, {"\\`a\\'", "a", "aa"},
        {"(a|b)\\1", "bb", "ab"},       {"1\\.5", "1.5", "1x5"},
        {"\\(\\[\\{\\|", "([{|", "a"},  {"\\\\", "a\\b", "ab"},
        {"a\\/b", "a/b", "ab"},         {"a\\-b\\@", "a-b@", "ab"},
        {"[\\.]", ".", "x"},            {"^[\\\\d]$", "d", "1"},
        {"^[]\\]$", "]", "x"},          {"[[:digit:]]", "1", "d"},      {"^[:a]+$", "a:", "b"},
       
        {"^(a+)?$", "", "b"},           {"^a*?$", "aaa", "b"},
        {"^a}?$", "a", "b"},            {"^[+?]?$", "?", "a"},
        {"^a\\+?$", "a", "aa"},         {"^a{2}$", "aa", "a"},
    };
    const pipes_processor *match = plugin_find(strings, "match");
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++) {
        pipes_node node;
        pipes_value args[] = {text(table[at].pattern)};
        if (!CHECK(node_open(&node, match, args) == PIPES_OK)) {
            fprintf(stderr, "  %s: %s\n", table[at].pattern, node.explained);
            continue;
        }
        struct outcome outcome = node_map(&node, (pipes_value[]){text(table[at].match)});
        bool holds = CHECK(outcome.status == PIPES_OK);
        call_free(&outcome);
        outcome = node_map(&node, (pipes_value[]){text(table[at].other)});
        if (!CHECK(outcome.status == PIPES_SKIP) || !holds)
            fprintf(stderr, "  %s\n", table[at].pattern);
        call_free(&outcome);
        node_close(&node);
    }
}

static void bytes_that_are_utf8_become_a_text(void) {
    static const struct {
        const char *bytes;
        size_t size;
        const char *reason; /* NULL: a text */
    } table[] = {
        {"", 0, NULL},
        {"plain text of ascii", 19, NULL},
        {"a\0b", 3, NULL},
        {"häßlich, 日本語, 😀", 26, NULL},
        {"\xff", 1, "not UTF-8 at byte 0"},
        {"12345678\xe9t\xe9", 11, "not UTF-8 at byte 8"},
        {"abc\xe6\x97", 5, "not UTF-8 at byte 3"},
        {"\xed\xa0\x80", 3, "not UTF-8 at byte 0"},
        {"a\xc0\x80", 3, "not UTF-8 at byte 1"},
        {"\xf4\x90\x80\x80", 4, "not UTF-8 at byte 0"},
    };
    pipes_node node;
    const pipes_processor *processor = plugin_find(strings, "text");
    CHECK(processor->inputs[0].kind == PIPES_BYTES && processor->outputs[0].kind == PIPES_STRING);
    CHECK(node_open(&node, processor, no_args) == PIPES_OK);
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++) {
        pipes_value row = pipes_bytes(table[at].bytes, table[at].size);
        host_fail_after(0); /* nothing is copied, so no memory is needed */
        struct outcome outcome = node_map(&node, &row);
        if (table[at].reason) {
            CHECK(outcome.status == PIPES_REJECT && !strcmp(outcome.explained, table[at].reason));
        } else {
            const pipes_value *value = &outcome.results[0].value;
            CHECK(outcome.status == PIPES_OK && value->kind == PIPES_STRING);
            CHECK(value->size == table[at].size &&
                  !memcmp(value->text, table[at].bytes, table[at].size));
        }
        call_free(&outcome);
    }
    host_fail_after(-1);
    pipes_value rows[] = {text("a text already"), pipes_null(), pipes_int(3)};
    struct outcome outcome = node_map(&node, &rows[0]);
    CHECK(outcome.status == PIPES_OK && is_text(&outcome.results[0].value, "a text already"));
    call_free(&outcome);
    outcome = node_map(&node, &rows[1]);
    CHECK(outcome.status == PIPES_OK && outcome.results[0].value.kind == PIPES_NULL);
    call_free(&outcome);
    outcome = node_map(&node, &rows[2]);
    CHECK(outcome.status == PIPES_REJECT && !strcmp(outcome.explained, "not BYTES"));
    call_free(&outcome);
    node_close(&node);
}

static void check_form(const pipes_value *value) {
    CHECK(value->size == 36);
    for (int at = 0; at < 36; at++) {
        bool dash = at == 8 || at == 13 || at == 18 || at == 23;
        CHECK(dash ? value->text[at] == '-'
                   : strchr("0123456789abcdef", value->text[at]) && value->text[at]);
    }
}

static void a_seed_makes_random_texts_repeatable(void) {
    const pipes_processor *random = plugin_find(strings, "random");
    check_params(random, "num=20 seed=-1");
    char first[2][36];
    for (int run = 0; run < 4; run++) { /* twice with a seed, twice without */
        pipes_node node;
        pipes_value args[] = {pipes_int(5), pipes_int(run < 2 ? 42 : -1)};
        CHECK(node_open(&node, random, args) == PIPES_OK);
        host_fail_after(2); /* the call that fails must not use up texts */
        struct outcome failed = node_produce(&node, 3);
        CHECK(failed.status == PIPES_RETRY);
        call_free(&failed);
        struct outcome outcome = node_produce(&node, 3);
        CHECK(outcome.status == PIPES_OK && outcome.count == 3);
        for (uint64_t at = 0; at < outcome.count; at++) check_form(&outcome.results[at].value);
        CHECK(memcmp(outcome.results[0].value.text, outcome.results[1].value.text, 36));
        bool same = run % 2 && !memcmp(first[run / 2], outcome.results[0].value.text, 36);
        memcpy(first[run / 2], outcome.results[0].value.text, 36);
        CHECK(same == (run == 1));
        call_free(&outcome);
        outcome = node_produce(&node, 100);
        CHECK(outcome.status == PIPES_END && outcome.count == 2);
        call_free(&outcome);
        node_close(&node);
    }
    pipes_node node;
    pipes_value args[] = {pipes_int(0), pipes_int(1)};
    CHECK(node_open(&node, random, args) == PIPES_OK);
    struct outcome outcome = node_produce(&node, 3);
    CHECK(outcome.status == PIPES_END && outcome.count == 0);
    call_free(&outcome);
    node_close(&node);
}

int main(int count, char **arguments) {
    if (count != 2) return 64;
    strings = plugin_load(arguments[1]);
    code_points_keep_their_bytes_when_reversed();
    case_is_changed_by_code_points();
    every_code_point_has_the_case_that_libc_gives_it();
    what_is_no_text_passes_or_is_rejected();
    parts_come_with_their_row();
    joined_texts_are_put_together();
    a_pattern_keeps_what_matches();
    a_pattern_of_another_dialect_is_refused();
    what_is_meant_by_a_backslash_stays();
    bytes_that_are_utf8_become_a_text();
    a_seed_makes_random_texts_repeatable();
    return check_failures() ? 1 : 0;
}
