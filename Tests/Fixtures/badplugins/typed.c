/* Functions of every type, for the comparison of signatures with debug information. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#define EXPORT __attribute__((visibility("default")))

enum color { RED, GREEN };

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
