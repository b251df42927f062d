/* The calls of malloc that one library makes, diverted so that one of them can fail. The linker has
 * left the address of malloc in a table of the library's own, and there another one is put. */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cheap.h"

static atomic_size_t made, failing;

void cheap_fail(size_t number) {
    atomic_store(&made, 0);
    atomic_store(&failing, number);
}

size_t cheap_stop_failing(void) {
    atomic_store(&failing, 0);
    return atomic_load(&made);
}

static bool fails(void) {
    if (atomic_fetch_add(&made, 1) + 1 != atomic_load(&failing)) return false;
    errno = ENOMEM;
    return true;
}

static void *failing_malloc(size_t size) { return fails() ? NULL : malloc(size); }

static void *failing_calloc(size_t count, size_t size) {
    return fails() ? NULL : calloc(count, size);
}

static void *failing_realloc(void *block, size_t size) {
    return fails() ? NULL : realloc(block, size);
}

static void *failing_reallocarray(void *block, size_t count, size_t size) {
    return fails() ? NULL : reallocarray(block, count, size);
}

static void *failing_aligned_alloc(size_t alignment, size_t size) {
    return fails() ? NULL : aligned_alloc(alignment, size);
}

static int failing_posix_memalign(void **block, size_t alignment, size_t size) {
    return fails() ? ENOMEM : posix_memalign(block, alignment, size);
}

static char *failing_strdup(const char *text) { return fails() ? NULL : strdup(text); }

static char *failing_strndup(const char *text, size_t size) {
    return fails() ? NULL : strndup(text, size);
}

#define DIVERTED(NAME) {#NAME, (void (*)(void))NAME, (void (*)(void))failing_##NAME}

static const struct diverted {
    const char *name;
    void (*usual)(void);
    void (*failing)(void);
} diverted[] = {
    DIVERTED(malloc),         DIVERTED(calloc),        DIVERTED(realloc),
    DIVERTED(reallocarray),   DIVERTED(aligned_alloc), DIVERTED(strdup),
    DIVERTED(posix_memalign), DIVERTED(strndup),
};

/* Puts another function where `slot` names one of ours; the page may be read-only by now. */
static bool divert(uintptr_t slot, const char *name) {
    for (size_t index = 0; index < sizeof diverted / sizeof diverted[0]; index++) {
        const struct diverted *function = &diverted[index];
        if (strcmp(name, function->name) != 0) continue;
        uintptr_t now;
        memcpy(&now, (const void *)slot, sizeof now);
        /* What is no address of the function is nothing to change. */
        if (now != (uintptr_t)function->usual) return true;
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
        uintptr_t start = slot & ~(page - 1), end = slot + sizeof now;
        if (mprotect((void *)start, end - start, PROT_READ | PROT_WRITE) != 0) return false;
        memcpy((void *)slot, &function->failing, sizeof function->failing);
    }
    return true;
}

static bool divert_all(const struct link_map *library, const ElfW(Rela) * entry, size_t size,
                       const ElfW(Sym) * symbols, const char *names) {
    for (size_t index = 0; index < size / sizeof *entry; index++) {
        /* The number of the symbol stands above the type, of which 64-bit files have 32 bits. */
        const ElfW(Sym) *symbol = &symbols[ELF64_R_SYM(entry[index].r_info)];
        uintptr_t slot = library->l_addr + entry[index].r_offset;
        if (!divert(slot, names + symbol->st_name)) return false;
    }
    return true;
}

bool cheap_divert(const void *address) {
    Dl_info info;
    void *found = NULL;
    if (dladdr1(address, &info, &found, RTLD_DL_LINKMAP) == 0 || !found) return false;
    const struct link_map *library = found;
    const ElfW(Sym) *symbols = NULL;
    const char *names = NULL;
    const ElfW(Rela) *calls = NULL, *others = NULL;
    size_t calls_size = 0, others_size = 0;
    for (const ElfW(Dyn) *part = library->l_ld; part->d_tag != DT_NULL; part++) {
        const void *place = (const void *)part->d_un.d_ptr;
        switch (part->d_tag) {
        case DT_SYMTAB: symbols = place; break;
        case DT_STRTAB: names = place; break;
        case DT_JMPREL: calls = place; break;
        case DT_PLTRELSZ: calls_size = part->d_un.d_val; break;
        case DT_RELA: others = place; break;
        case DT_RELASZ: others_size = part->d_un.d_val; break;
        default: break;
        }
    }
    if (!symbols || !names) return false;
    return (!calls || divert_all(library, calls, calls_size, symbols, names)) &&
           (!others || divert_all(library, others, others_size, symbols, names));
}
