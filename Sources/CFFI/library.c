#include "cffi_library.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

const void *cffi_own_symbol(void *handle, const char *name) {
    struct link_map *own = NULL;
    void *origin = NULL;
    Dl_info info;
    const void *address = dlsym(handle, name);
    if (!address) return NULL;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &own) != 0) return NULL;
    if (dladdr1(address, &info, &origin, RTLD_DL_LINKMAP) == 0) return NULL;
    return origin == own ? address : NULL;
}

bool cffi_is_data(const void *address) {
    void *entry = NULL;
    Dl_info info;
    if (dladdr1(address, &info, &entry, RTLD_DL_SYMENT) == 0 || !entry) return false;
    /* The type stands in the same bits in 32 and 64-bit files. */
    unsigned char type = ELF64_ST_TYPE(((const ElfW(Sym) *)entry)->st_info);
    return type == STT_OBJECT || type == STT_TLS || type == STT_COMMON;
}

const char *cffi_file_of(const void *address) {
    Dl_info info;
    return dladdr(address, &info) == 0 ? NULL : info.dli_fname;
}

int cffi_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

bool cffi_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0; }

int cffi_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}
