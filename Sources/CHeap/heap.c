#include "cheap.h"

#include <malloc.h>

size_t cheap_byte_count(void) {
    struct mallinfo2 heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

size_t cheap_system_byte_count(void) {
    struct mallinfo2 heap = mallinfo2();
    return heap.arena + heap.hblkhd;
}
