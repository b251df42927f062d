/* Regular expressions of other dialects that the C library takes without a word, and for something
 * else than their author means: `\d` is a d to it, `[\d]` a backslash or a d, `(x+)?` is what it
 * reads in `x+?`. They are refused, each with what to write instead. What POSIX and the C library
 * mean the same by stays: `\w \W \s \S \b \B \< \> \' \``, `\1`, a backslash before punctuation. */
#define _POSIX_C_SOURCE 200809L
#include "strings.h"

#include <stdio.h>
#include <string.h>

#define JSON_CAN_WRITE "the character itself, which JSON can write as "

/* What is written for an escape, alone and in brackets; NULL where there is nothing to say. */
static const struct remedy {
    char letter;
    const char *alone, *in_brackets;
} remedies[] = {
    {'d', "[0-9]", "0-9"},
    {'D', "[^0-9]", NULL},
    {'w', NULL, "[:alnum:]_"},
    {'s', NULL, "[:space:]"},
    {'h', "[[:blank:]]", "[:blank:]"},
    {'H', "[^[:blank:]]", NULL},
    {'p', "a class such as [[:alpha:]] or [[:punct:]]", "a class such as [:alpha:] or [:punct:]"},
    {'P', "a class such as [^[:alpha:]]", NULL},
    {'N', ".", NULL},
    {'A', "^", NULL},
    {'z', "$", NULL},
    {'Z', "$", NULL},
    {'t', JSON_CAN_WRITE "\"\\t\"", JSON_CAN_WRITE "\"\\t\""},
    {'n', JSON_CAN_WRITE "\"\\n\"", JSON_CAN_WRITE "\"\\n\""},
    {'r', JSON_CAN_WRITE "\"\\r\"", JSON_CAN_WRITE "\"\\r\""},
    {'f', JSON_CAN_WRITE "\"\\f\"", JSON_CAN_WRITE "\"\\f\""},
    {'b', NULL, JSON_CAN_WRITE "\"\\b\""},
    {'v', JSON_CAN_WRITE "\"\\u000b\"", JSON_CAN_WRITE "\"\\u000b\""},
    {'a', JSON_CAN_WRITE "\"\\u0007\"", JSON_CAN_WRITE "\"\\u0007\""},
    {'e', JSON_CAN_WRITE "\"\\u001b\"", JSON_CAN_WRITE "\"\\u001b\""},
    {'x', JSON_CAN_WRITE "\"\\u\" and four digits", JSON_CAN_WRITE "\"\\u\" and four digits"},
    {'u', JSON_CAN_WRITE "\"\\u\" and four digits", JSON_CAN_WRITE "\"\\u\" and four digits"},
    {'c', JSON_CAN_WRITE "\"\\u\" and four digits", JSON_CAN_WRITE "\"\\u\" and four digits"},
    {'0', "another pattern: no text matches a NUL here", NULL},
    {'Q', "a backslash before each character that has a meaning", NULL},
    {'E', "a backslash before each character that has a meaning", NULL},
    {'g', "a number such as \\1", NULL},
    {'k', "a number such as \\1", NULL},
};

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static const struct remedy *remedy_for(char letter) {
    for (size_t at = 0; at < sizeof remedies / sizeof remedies[0]; at++)
        if (remedies[at].letter == letter) return &remedies[at];
    return NULL;
}

static bool refuse_escape(char letter, struct dialect_flaw *flaw) {
    const struct remedy *remedy = remedy_for(letter);
    const char by_itself[] = {letter, 0};
    snprintf(flaw->text, sizeof flaw->text,
             "\\%c has no meaning in POSIX regular expressions; write %s", letter,
             remedy && remedy->alone ? remedy->alone : by_itself);
    return true;
}

static bool refuse_in_brackets(char letter, struct dialect_flaw *flaw) {
    const struct remedy *remedy = remedy_for(letter);
    bool is_known = remedy && remedy->in_brackets;
    snprintf(flaw->text, sizeof flaw->text,
             "\\%c in brackets is a backslash or the letter %c in POSIX regular expressions; "
             "write %s%s\\\\%c if that is meant",
             letter, letter, is_known ? remedy->in_brackets : "", is_known ? ", or " : "", letter);
    return true;
}

static bool refuse_group(struct dialect_flaw *flaw) {
    snprintf(flaw->text, sizeof flaw->text,
             "(? has no meaning in POSIX regular expressions; write ( for (?: and [aA] for (?i)a");
    return true;
}

static bool refuse_repetition(char first, char second, struct dialect_flaw *flaw) {
    snprintf(flaw->text, sizeof flaw->text,
             "%c%c repeats twice in POSIX regular expressions; write %c, since it is the same "
             "texts that match",
             first, second, first);
    return true;
}

/* `[:alpha:]` alone, which is a set of these letters and a colon; the class is `[[:alpha:]]`. */
static bool is_lone_class(const char *at) {
    if (at[1] != ':') return false;
    size_t size = strspn(at + 2, "abcdefghijklmnopqrstuvwxyz");
    return size && at[2 + size] == ':' && at[3 + size] == ']';
}

static bool refuse_lone_class(const char *at, struct dialect_flaw *flaw) {
    int size = (int)strcspn(at, "]") + 1;
    snprintf(flaw->text, sizeof flaw->text,
             "%.*s is a set of these characters in POSIX regular expressions; write [%.*s]", size,
             at, size, at);
    return true;
}

/* Where the bracket expression that starts at `at` ends, behind its bracket; `flaw` is set where it
 * has an escape. */
static const char *behind_brackets(const char *at, bool *is_flawed, struct dialect_flaw *flaw) {
    at++;
    if (*at == '^') at++;
    if (*at == ']') at++; /* the first is one of the characters */
    while (*at && *at != ']') {
        if (*at == '[' && at[1] && strchr(":.=", at[1])) {
            const char end[] = {at[1], ']', 0};
            const char *found = strstr(at + 2, end);
            at = found ? found + 2 : at + 1;
        } else if (*at == '\\' && is_letter(at[1])) {
            *is_flawed = refuse_in_brackets(at[1], flaw);
            return at;
        } else {
            at += *at == '\\' && at[1] == '\\' ? 2 : 1;
        }
    }
    return *at ? at + 1 : at;
}

/* Where the interval that may start at `at` ends, behind its brace; `at` where it is none. */
static const char *behind_interval(const char *at) {
    size_t size = strspn(at + 1, "0123456789,");
    return size && at[1 + size] == '}' ? at + size + 2 : at;
}

/* How often what stands before may come: once or never for ?, and so on; } ends an interval. */
static bool changes_repetition(char first, char second) {
    return (second == '?' && (first == '+' || first == '}')) ||
           (second == '+' && (first == '?' || first == '}'));
}

bool dialect_is_other(const char *pattern, struct dialect_flaw *flaw) {
    char repetition = 0; /* what the last character was, if it repeats */
    for (const char *at = pattern; *at;) {
        char before = repetition;
        repetition = 0;
        if (*at == '\\') {
            char letter = at[1];
            if ((is_letter(letter) && !strchr("wWsSbB", letter)) || letter == '0')
                return refuse_escape(letter, flaw);
            at += letter ? 2 : 1;
        } else if (*at == '[' && is_lone_class(at)) {
            return refuse_lone_class(at, flaw);
        } else if (*at == '[') {
            bool is_flawed = false;
            at = behind_brackets(at, &is_flawed, flaw);
            if (is_flawed) return true;
        } else if (*at == '(' && at[1] == '?') {
            return refuse_group(flaw);
        } else if (strchr("*+?", *at)) {
            if (changes_repetition(before, *at)) return refuse_repetition(before, *at, flaw);
            repetition = before ? 0 : *at;
            at++;
        } else if (*at == '{' && behind_interval(at) != at) {
            at = behind_interval(at);
            repetition = '}';
        } else {
            at++;
        }
    }
    return false;
}
