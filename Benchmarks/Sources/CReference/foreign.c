/* zlib's crc32 for each text: through libffi, and straight. */
#include "processors.h"

#include <ffi.h>
#include <zlib.h>

struct crc32_call {
    ffi_cif cif;
    ffi_type *types[3];
};

typedef bool crc32_all(struct crc32_call *prepared, const pipes_value *rows, uint64_t count,
                       pipes_value *results);

static bool by_ffi(struct crc32_call *prepared, const pipes_value *rows, uint64_t count,
                   pipes_value *results) {
    for (uint64_t row = 0; row < count; row++) {
        unsigned long crc = 0;
        const char *text = rows[row].text;
        unsigned size = (unsigned)rows[row].size;
        void *values[] = {&crc, &text, &size};
        ffi_arg answer = 0;
        ffi_call(&prepared->cif, FFI_FN(crc32), &answer, values);
        results[row] = pipes_int((int64_t)answer);
    }
    return true;
}

static bool direct(struct crc32_call *prepared, const pipes_value *rows, uint64_t count,
                   pipes_value *results) {
    (void)prepared;
    uLong (*volatile known_at_run_time)(uLong, const Bytef *, uInt) = crc32;
    uLong (*function)(uLong, const Bytef *, uInt) = known_at_run_time;
    for (uint64_t row = 0; row < count; row++) {
        const Bytef *text = (const Bytef *)rows[row].text;
        results[row] = pipes_int((int64_t)function(0, text, (uInt)rows[row].size));
    }
    return true;
}

static reference_result run(reference_chain chain, crc32_all *crc32_of_all) {
    static plain_call call;
    opened source, to;
    struct crc32_call prepared = {.types = {&ffi_type_ulong, &ffi_type_pointer, &ffi_type_uint}};
    if (ffi_prep_cif(&prepared.cif, FFI_DEFAULT_ABI, 3, &ffi_type_ulong, prepared.types) != FFI_OK)
        return (reference_result){.failure = "libffi can't prepare the call"};
    const char *failure = open_processor(chain.plugin, chain.source, chain.rows, &source);
    if (failure) return (reference_result){.failure = failure};
    failure = open_processor(chain.plugin, chain.sink, chain.sink_arg, &to);
    uint64_t start = now();
    pipes_value rows[BATCH_SIZE], results[BATCH_SIZE];
    pipes_status status = failure ? PIPES_END : PIPES_OK;
    while (status == PIPES_OK) {
        reset_call(&call, &source, rows);
        status = produce(&source, &call);
        if (!crc32_of_all(&prepared, rows, call.count, results) ||
            sink(&to, &call, results, call.count) != PIPES_OK)
            status = PIPES_FATAL;
    }
    uint64_t nanoseconds = now() - start;
    if (status != PIPES_END) failure = "a processor failed";
    close_processor(&source);
    close_processor(&to);
    return (reference_result){nanoseconds, to.sum, failure};
}

reference_result reference_crc32_by_ffi(reference_chain chain) { return run(chain, by_ffi); }
reference_result reference_crc32_direct(reference_chain chain) { return run(chain, direct); }
