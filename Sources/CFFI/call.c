/* The call of one row: arguments into slots, the call, and what came back. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* A buffer that has to grow beyond this is a mistake, not a result. */
static const uint64_t largest_buffer = (uint64_t)256 << 20;
static const uint64_t smallest_buffer = 256;

/* What one call is about. Lives on the stack: a plan may be inside several calls at once. */
typedef struct row_call {
    const cffi_function *function;
    pipes_call *call;
    const pipes_value *row;
    char *buffer;
    uint64_t capacity;
    cffi_slot length; /* what CFFI_OUT_LENGTH points to */
    cffi_slot number; /* what CFFI_OUT_NUMBER points to */
    cffi_slot result;
    int error; /* errno right after the call */
    cffi_slot slots[CFFI_MAX_ARGS];
    void *addresses[CFFI_MAX_ARGS];
} row_call;

static pipes_status explain(const row_call *run, pipes_status status, const char *message) {
    pipes_call *call = run->call;
    call->host->explain(call->node, call, message, strlen(message));
    return status;
}

static pipes_status no_memory(const row_call *run) {
    return explain(run, PIPES_RETRY, "no memory is left for the result");
}

/* Memory of the arena that no result needs goes back, unless a new chunk came in between. */
typedef struct arena_mark {
    char *next, *end;
} arena_mark;

static arena_mark mark_arena(const pipes_call *call) { return (arena_mark){call->next, call->end}; }

static void give_back(pipes_call *call, arena_mark mark) {
    if (call->end == mark.end) call->next = mark.next;
}

/* ------------------------------------------------------------------ input -- */

/* Why a value does not fit: off the way of the rows that do. */
static pipes_status misfit(const row_call *run, const cffi_step *step, const pipes_value *value) {
    char message[CFFI_MESSAGE_SIZE];
    cffi_slot slot;
    cffi_store(&slot, step->type, step->name, value, message);
    return explain(run, PIPES_REJECT, message);
}

static pipes_status wrong_bytes(const row_call *run, const cffi_step *step,
                                const pipes_value *value) {
    char message[CFFI_MESSAGE_SIZE];
    if (value->kind != PIPES_STRING && value->kind != PIPES_BYTES)
        snprintf(message, sizeof message, "%.100s: %s, and it takes STRING or BYTES", step->name,
                 cffi_kind_name(value->kind));
    else
        snprintf(message, sizeof message,
                 "%.100s: %" PRIu64 " bytes, and the function reads %" PRIu64, step->name,
                 value->size, step->size);
    return explain(run, PIPES_REJECT, message);
}

static inline bool is_bytes(const cffi_step *step, const pipes_value *value) {
    return (value->kind == PIPES_STRING || value->kind == PIPES_BYTES) &&
           (step->size == 0 || value->size == step->size);
}

static inline bool fits(const cffi_step *step, int64_t integer) {
    return integer >= step->least && integer <= step->most;
}

/* NULL, with RETRY or REJECT in `status`, where the text can't be handed over. */
static const char *copy_text(const row_call *run, const cffi_step *step, const pipes_value *value,
                             pipes_status *status) {
    char message[CFFI_MESSAGE_SIZE];
    *status = PIPES_REJECT;
    if (value->kind != PIPES_STRING) {
        snprintf(message, sizeof message, "%.100s: %s, and it takes STRING", step->name,
                 cffi_kind_name(value->kind));
        explain(run, *status, message);
        return NULL;
    }
    char *copy = value->size < SIZE_MAX ? pipes_alloc(run->call, value->size + 1) : NULL;
    if (!copy) {
        *status = no_memory(run);
        return NULL;
    }
    /* Looks for the NUL and copies in one pass. */
    if (value->size > 0 && memccpy(copy, value->text, 0, value->size)) {
        snprintf(message, sizeof message, "%.100s: the text holds a NUL, which would end it for C",
                 step->name);
        explain(run, *status, message);
        return NULL;
    }
    copy[value->size] = 0;
    return copy;
}

static pipes_status fill_slots(row_call *run) {
    const cffi_step *step = run->function->steps;
    const cffi_step *const end = step + run->function->step_count;
    for (; step < end; step++) {
        const pipes_value *value = &run->row[step->input];
        cffi_slot *slot = &run->slots[step->position];
        run->addresses[step->position] = slot;
        switch (step->role) {
        case CFFI_IN_SCALAR:
            if (value->kind == PIPES_INT && fits(step, value->integer))
                slot->bits = (uint64_t)value->integer;
            else if (value->kind == PIPES_FLOAT && step->type == CFFI_F64)
                slot->real = value->real;
            else {
                char message[CFFI_MESSAGE_SIZE];
                if (!cffi_store(slot, step->type, step->name, value, message))
                    return explain(run, PIPES_REJECT, message);
            }
            break;
        case CFFI_IN_POINTER:
            if (!is_bytes(step, value)) return wrong_bytes(run, step, value);
            slot->pointer = value->size > 0 ? value->bytes : (const void *)"";
            break;
        case CFFI_IN_LENGTH:
            if (!is_bytes(step, value)) return wrong_bytes(run, step, value);
            if (!fits(step, (int64_t)value->size)) {
                pipes_value size = pipes_int((int64_t)value->size);
                return misfit(run, step, &size);
            }
            slot->bits = value->size;
            break;
        case CFFI_IN_TEXT: {
            pipes_status status;
            slot->pointer = copy_text(run, step, value, &status);
            if (!slot->pointer) return status;
            break;
        }
        case CFFI_OUT_NUMBER:
            run->number.bits = 0;
            slot->pointer = &run->number;
            break;
        case CFFI_CONSTANT:
        case CFFI_OUT_POINTER:
        case CFFI_OUT_CAPACITY:
        case CFFI_OUT_LENGTH: break; /* once there is a buffer */
        }
    }
    return PIPES_OK;
}

/* ----------------------------------------------------------------- buffer -- */

static uint64_t first_capacity(const row_call *run) {
    const cffi_function *function = run->function;
    if (function->fixed_size > 0) return function->fixed_size;
    uint64_t capacity = smallest_buffer;
    for (uint32_t index = 0; index < function->step_count; index++) {
        const cffi_step *step = &function->steps[index];
        if (step->role != CFFI_IN_POINTER && step->role != CFFI_IN_TEXT) continue;
        uint64_t size = run->row[step->input].size;
        if (size > largest_buffer) return largest_buffer;
        /* What deflate, hex, escapes and most codecs stay below. */
        if (2 * size + 64 > capacity) capacity = 2 * size + 64;
    }
    uint64_t limit =
        function->largest_size < largest_buffer ? function->largest_size : largest_buffer;
    return capacity < limit ? capacity : limit;
}

static bool make_buffer(row_call *run) {
    const cffi_function *function = run->function;
    run->buffer = pipes_alloc(run->call, run->capacity);
    if (!run->buffer) return false;
    /* Arena memory holds old rows: what a function leaves out must not show them. */
    if (!function->tells_length) memset(run->buffer, 0, run->capacity);
    for (uint32_t index = 0; index < function->step_count; index++) {
        const cffi_step *step = &function->steps[index];
        cffi_slot *slot = &run->slots[step->position];
        if (step->role == CFFI_OUT_POINTER) slot->pointer = run->buffer;
        if (step->role == CFFI_OUT_CAPACITY) slot->bits = run->capacity;
        if (step->role == CFFI_OUT_LENGTH) {
            run->length.bits = run->capacity;
            slot->pointer = &run->length;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- numbers -- */

/* An integer of any type; `above` where it is beyond INT, and `bits` then says it. */
typedef struct number {
    int64_t value;
    uint64_t bits;
    bool above;
} number;

static number read_number(cffi_slot slot, cffi_type type) {
    switch (type) {
    case CFFI_I8: return (number){(int8_t)slot.bits, 0, false};
    case CFFI_U8: return (number){(uint8_t)slot.bits, 0, false};
    case CFFI_I16: return (number){(int16_t)slot.bits, 0, false};
    case CFFI_U16: return (number){(uint16_t)slot.bits, 0, false};
    case CFFI_I32: return (number){(int32_t)slot.bits, 0, false};
    case CFFI_U32: return (number){(uint32_t)slot.bits, 0, false};
    case CFFI_BOOL: return (number){(uint8_t)slot.bits != 0, 0, false};
    case CFFI_U64: return (number){(int64_t)slot.bits, slot.bits, slot.bits > INT64_MAX};
    default: return (number){(int64_t)slot.bits, 0, false};
    }
}

static bool holds(const cffi_rule *rule, number number) {
    int order = number.above ? 1 : (number.value > rule->operand) - (number.value < rule->operand);
    switch (rule->comparison) {
    case CFFI_EQUAL: return order == 0;
    case CFFI_NOT_EQUAL: return order != 0;
    case CFFI_LESS: return order < 0;
    case CFFI_LESS_OR_EQUAL: return order <= 0;
    case CFFI_GREATER: return order > 0;
    case CFFI_GREATER_OR_EQUAL: return order >= 0;
    }
    return false;
}

static cffi_outcome judge(const cffi_function *function, number number) {
    bool must_be_ok = false, matched[CFFI_RETRY + 1] = {false, false, false, false};
    for (uint32_t index = 0; index < function->rule_count; index++) {
        const cffi_rule *rule = &function->rules[index];
        if (rule->outcome == CFFI_OK) must_be_ok = true;
        if (holds(rule, number)) matched[rule->outcome] = true;
    }
    if (matched[CFFI_GROW]) return CFFI_GROW;
    if (matched[CFFI_RETRY]) return CFFI_RETRY;
    if (matched[CFFI_FAIL]) return CFFI_FAIL;
    return must_be_ok && !matched[CFFI_OK] ? CFFI_FAIL : CFFI_OK;
}

/* ----------------------------------------------------------------- result -- */

static pipes_status failed(const row_call *run, pipes_status status, number number) {
    char message[CFFI_MESSAGE_SIZE], digits[24], reason[160] = "";
    if (number.above)
        snprintf(digits, sizeof digits, "%" PRIu64, number.bits);
    else
        snprintf(digits, sizeof digits, "%" PRId64, number.value);
    if (run->function->explains_errno && run->error != 0) {
        char text[128];
        snprintf(reason, sizeof reason, ": %s", strerror_r(run->error, text, sizeof text));
    }
    snprintf(message, sizeof message, "%.100s answered %s%s", run->function->name, digits, reason);
    return explain(run, status, message);
}

static pipes_status take_number(const row_call *run, cffi_slot slot, cffi_type type,
                                pipes_value *result) {
    if (type == CFFI_F64) {
        *result = pipes_float(slot.real);
        return PIPES_OK;
    }
    if (type == CFFI_F32) {
        *result = pipes_float((double)slot.single);
        return PIPES_OK;
    }
    number number = read_number(slot, type);
    if (number.above) {
        char message[CFFI_MESSAGE_SIZE];
        snprintf(message, sizeof message,
                 "the result %" PRIu64 " of %.100s is above the range of INT", number.bits,
                 run->function->name);
        return explain(run, PIPES_REJECT, message);
    }
    *result = type == CFFI_BOOL ? pipes_bool(number.value != 0) : pipes_int(number.value);
    return PIPES_OK;
}

/* Where the bytes of the row end in which `text` lies, as what memchr finds does: no NUL need be
 * behind them. NULL for a text that lies elsewhere. */
static const char *end_of_bytes(const row_call *run, const char *text) {
    const char *end = NULL;
    for (uint32_t index = 0; index < run->function->step_count; index++) {
        const cffi_step *step = &run->function->steps[index];
        const char *start = run->slots[step->position].pointer;
        /* A copy with a NUL may begin where bytes end. */
        if (step->role == CFFI_IN_TEXT && text == start) return NULL;
        if (step->role != CFFI_IN_POINTER) continue;
        uint64_t size = run->row[step->input].size;
        if (text >= start && text <= start + size) end = start + size;
    }
    return end;
}

static pipes_status take_text(const row_call *run, arena_mark mark, pipes_value *result) {
    const char *text = run->result.pointer;
    if (!text) return PIPES_OK;
    const char *end = end_of_bytes(run, text);
    size_t size = end ? strnlen(text, (size_t)(end - text)) : strlen(text);
    if (!cffi_is_utf8(text, size)) {
        char message[CFFI_MESSAGE_SIZE];
        snprintf(message, sizeof message, "the text from %.100s is not valid UTF-8",
                 run->function->name);
        return explain(run, PIPES_REJECT, message);
    }
    /* The text may lie in the copy of an input: what is given back stays readable, and the copy
     * may overlap it. */
    give_back(run->call, mark);
    char *copy = pipes_alloc(run->call, size);
    if (!copy) return no_memory(run);
    memmove(copy, text, size);
    *result = pipes_string(copy, size);
    return PIPES_OK;
}

/* Of the arg of that role; of the result where there is none. */
static cffi_type type_of(const cffi_function *function, cffi_role role) {
    for (uint32_t index = 0; index < function->step_count; index++)
        if (function->steps[index].role == role) return function->steps[index].type;
    return function->result;
}

static pipes_status take_buffer(const row_call *run, pipes_value *result) {
    const cffi_function *function = run->function;
    uint64_t size = run->capacity;
    if (function->tells_length) {
        cffi_slot told = function->result_is_length ? run->result : run->length;
        number length = read_number(told, type_of(function, CFFI_OUT_LENGTH));
        if (length.above || length.value < 0 || (uint64_t)length.value > run->capacity) {
            char message[CFFI_MESSAGE_SIZE], digits[24];
            if (length.above)
                snprintf(digits, sizeof digits, "%" PRIu64, length.bits);
            else
                snprintf(digits, sizeof digits, "%" PRId64, length.value);
            snprintf(message, sizeof message,
                     "%.100s says it wrote %s bytes, and its buffer has %" PRIu64, function->name,
                     digits, run->capacity);
            return explain(run, PIPES_REJECT, message);
        }
        size = (uint64_t)length.value;
    }
    uint64_t rounded = (run->capacity + 7u) & ~(uint64_t)7u;
    if (run->call->next == run->buffer + rounded)
        run->call->next = run->buffer + ((size + 7u) & ~(uint64_t)7u);
    *result = pipes_bytes(run->buffer, size);
    return PIPES_OK;
}

/* ------------------------------------------------------------------- call -- */

static cffi_outcome call_once(row_call *run, number *answer) {
    const cffi_function *function = run->function;
    if (function->explains_errno) errno = 0;
    switch (function->route) {
    case CFFI_BY_WORDS: cffi_call_by_words(function, run->addresses, &run->result); break;
    case CFFI_BY_REALS: cffi_call_by_reals(function, run->addresses, &run->result); break;
    case CFFI_BY_LIBFFI:
        /* libffi only reads the cif, though its declaration does not say so. */
        ffi_call((ffi_cif *)&function->cif, function->address, &run->result, run->addresses);
    }
    if (function->explains_errno) run->error = errno;
    if (function->rule_count == 0) return CFFI_OK;
    *answer = read_number(run->result, function->result);
    return judge(function, *answer);
}

/* Calls, with a larger buffer as long as the function asks for one. */
static pipes_status call_function(row_call *run) {
    const cffi_function *function = run->function;
    uint64_t limit =
        function->largest_size < largest_buffer ? function->largest_size : largest_buffer;
    if (function->has_buffer) run->capacity = first_capacity(run);
    for (;;) {
        arena_mark mark = mark_arena(run->call);
        if (function->has_buffer && !make_buffer(run)) return no_memory(run);
        number answer = {0, 0, false};
        switch (call_once(run, &answer)) {
        case CFFI_OK: return PIPES_OK;
        case CFFI_RETRY: return failed(run, PIPES_RETRY, answer);
        case CFFI_FAIL: return failed(run, PIPES_REJECT, answer);
        case CFFI_GROW: break;
        }
        if (run->capacity >= limit) {
            char message[CFFI_MESSAGE_SIZE];
            snprintf(message, sizeof message,
                     "%.100s wants more than a buffer of %" PRIu64 " bytes", function->name,
                     run->capacity);
            return explain(run, PIPES_REJECT, message);
        }
        give_back(run->call, mark);
        run->capacity = run->capacity < limit / 2 ? run->capacity * 2 : limit;
    }
}

static pipes_status take_result(const row_call *run, arena_mark mark, pipes_value *result) {
    const cffi_function *function = run->function;
    switch (function->yield) {
    case CFFI_YIELDS_NULL: give_back(run->call, mark); return PIPES_OK;
    case CFFI_YIELDS_RESULT:
        give_back(run->call, mark);
        return take_number(run, run->result, function->result, result);
    case CFFI_YIELDS_NUMBER:
        give_back(run->call, mark);
        return take_number(run, run->number, type_of(function, CFFI_OUT_NUMBER), result);
    case CFFI_YIELDS_TEXT: return take_text(run, mark, result);
    case CFFI_YIELDS_FREED_TEXT: {
        pipes_status status = take_text(run, mark, result);
        free((void *)run->result.pointer);
        return status;
    }
    case CFFI_YIELDS_BUFFER: return take_buffer(run, result);
    }
    return PIPES_OK;
}

pipes_status cffi_map(void *plan, pipes_call *call, const pipes_value *row, pipes_value *result) {
    const cffi_plan *node = plan;
    const cffi_function *function = node->function;
    row_call run;
    run.function = function;
    run.call = call;
    run.row = row;
    if (call->width < function->input_count) {
        char message[CFFI_MESSAGE_SIZE];
        snprintf(message, sizeof message, "a row of %" PRIu64 " values, and the signature takes %u",
                 call->width, function->input_count);
        return explain(&run, PIPES_REJECT, message);
    }
    for (uint32_t index = 0; index < function->arg_count; index++)
        run.addresses[index] = node->addresses[index];
    arena_mark mark = mark_arena(call);
    pipes_status status = fill_slots(&run);
    if (status == PIPES_OK) status = call_function(&run);
    if (status == PIPES_OK) return take_result(&run, mark, result);
    give_back(call, mark);
    return status;
}
