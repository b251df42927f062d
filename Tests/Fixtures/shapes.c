/* Plain functions of many shapes: each says exactly what it was given. */
#include <stdbool.h>
#include <stdint.h>

int64_t six(int8_t a, uint8_t b, int16_t c, uint16_t d, int32_t e, uint32_t f) {
    return a * 1ll + b * 1000ll + c * 1000000ll + d + e + f;
}

int64_t seven(int8_t a, uint8_t b, int16_t c, uint16_t d, int32_t e, uint32_t f, int64_t g) {
    return six(a, b, c, d, e, f) + g;
}

int8_t low_byte(int32_t value) { return (int8_t)value; }
uint16_t low_half(int64_t value) { return (uint16_t)value; }
bool is_odd(uint8_t value) { return value % 2 == 1; }
bool negated(bool value) { return !value; }
int32_t fixed(void) { return -7; }

double three(double a, double b, double c) { return a + 10 * b + 100 * c; }
double four(double a, double b, double c, double d) { return three(a, b, c) + 1000 * d; }
double scaled(double value, int32_t times) { return value * times; }
float singly(float a, float b) { return a - b; }
int32_t rounded(double value) { return (int32_t)(value + 0.5); }

/* Numbers that are left where an argument points: half of what is given, of each type. */
#define HALF_OF(TYPE) \
    void half_##TYPE(double value, TYPE *half) { *half = (TYPE)(value / 2); }
typedef float single;
HALF_OF(int8_t)
HALF_OF(uint8_t)
HALF_OF(int16_t)
HALF_OF(uint16_t)
HALF_OF(int32_t)
HALF_OF(uint32_t)
HALF_OF(int64_t)
HALF_OF(uint64_t)
HALF_OF(single)
HALF_OF(double)
void is_negative(double value, bool *answer) { *answer = value < 0; }
void largest(uint64_t *number) { *number = UINT64_MAX; }
int untouched(int *number) { return number ? 0 : -1; }
int even_half(int64_t value, int64_t *half) {
    *half = value / 2;
    return value % 2 == 0 ? 0 : 5;
}
