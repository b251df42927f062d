/* Functions of every type, for the comparison of signatures with debug information. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#define EXPORT __attribute__((visibility("default")))

enum color { RED, GREEN };

struct when {
    int hour;
    struct {
        int of_hour;
    } minute;
};

typedef int (*transform)(int number);

EXPORT int32_t same32(int32_t number) { return number; }
EXPORT short same16(short number) { return number; }
EXPORT unsigned same_unsigned(unsigned number) { return number; }
EXPORT bool negation(bool truth) { return !truth; }
EXPORT char next(char letter) { return (char)(letter + 1); }
EXPORT int index_of(enum color color) { return (int)color; }
EXPORT float half(float number) { return number / 2; }
EXPORT size_t count(const char *text, size_t size) { return text[0] ? size : 0; }
EXPORT size_t wide(const wchar_t *text) { return wcslen(text); }
EXPORT void fill(void *bytes, size_t *size) { *(char *)bytes = 0, *size = 1; }
EXPORT int hour_of(const struct when *when) { return when->hour; }
EXPORT int hour_in(struct when when) { return when.hour; }
EXPORT int whole_part(double number, long *whole) { return *whole = (long)number, 0; }
EXPORT int apply(int (*function)(int number), int number) {
    return function ? function(number) : number;
}
EXPORT int apply_named(int number, transform function) { return apply(function, number); }
EXPORT int (*chosen(int number, void (*done)(int number, void *context)))(int number) {
    return number && done ? same32 : (int (*)(int))0;
}
EXPORT int total(int count, ...) {
    va_list rest;
    int sum = 0;
    va_start(rest, count);
    for (int i = 0; i < count; i++) sum += va_arg(rest, int);
    va_end(rest);
    return sum;
}
