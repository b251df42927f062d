/* A signature becomes a cif, a list of steps and, for each node, a plan. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static ffi_type *libffi_type(cffi_type type) {
    switch (type) {
    case CFFI_VOID: return &ffi_type_void;
    case CFFI_I8: return &ffi_type_sint8;
    case CFFI_U8: return &ffi_type_uint8;
    case CFFI_I16: return &ffi_type_sint16;
    case CFFI_U16: return &ffi_type_uint16;
    case CFFI_I32: return &ffi_type_sint32;
    case CFFI_U32: return &ffi_type_uint32;
    case CFFI_I64: return &ffi_type_sint64;
    case CFFI_U64: return &ffi_type_uint64;
    case CFFI_F32: return &ffi_type_float;
    case CFFI_F64: return &ffi_type_double;
    case CFFI_BOOL: return &ffi_type_uint8;
    case CFFI_POINTER: return &ffi_type_pointer;
    }
    return NULL;
}

static uint64_t smaller(uint64_t left, uint64_t right) { return left < right ? left : right; }

/* Takes over what the signature says of one arg. */
static void add_arg(cffi_function *function, uint32_t position) {
    cffi_arg *arg = &function->args[position];
    function->types[position] =
        cffi_is_by_address(arg->role) ? &ffi_type_pointer : libffi_type(arg->type);
    if (arg->role == CFFI_CONSTANT) return;
    const cffi_range range = cffi_range_of(arg->type);
    function->steps[function->step_count++] = (cffi_step){
        arg->role, arg->type, position, arg->input, arg->size, range.least, range.most, arg->name};
    switch (arg->role) {
    case CFFI_IN_TEXT: function->has_texts = true; break;
    case CFFI_OUT_POINTER:
        function->has_buffer = true;
        function->fixed_size = arg->size;
        break;
    case CFFI_OUT_LENGTH:
        function->tells_length = true;
        function->largest_size = smaller(function->largest_size, (uint64_t)range.most);
        break;
    case CFFI_OUT_CAPACITY:
        function->largest_size = smaller(function->largest_size, (uint64_t)range.most);
        break;
    default: break;
    }
}

/* Copies the parts that the signature only lends; false where there is no memory. */
static bool copy_parts(cffi_function *function, const cffi_signature *signature) {
    function->name = strdup(signature->function_name);
    function->steps = calloc(signature->arg_count + 1u, sizeof *function->steps);
    function->rules = calloc(signature->rule_count + 1u, sizeof *function->rules);
    if (!function->name || !function->steps || !function->rules) return false;
    for (uint32_t index = 0; index < signature->rule_count; index++)
        function->rules[index] = signature->rules[index];
    for (uint32_t index = 0; index < signature->arg_count; index++) {
        function->args[index] = signature->args[index];
        function->args[index].name = NULL;
    }
    function->arg_count = signature->arg_count;
    for (uint32_t index = 0; index < signature->arg_count; index++) {
        function->args[index].name = strdup(signature->args[index].name);
        if (!function->args[index].name) return false;
    }
    return true;
}

cffi_function *cffi_function_make(const cffi_signature *signature, const void *address) {
    if (signature->arg_count > CFFI_MAX_ARGS) return NULL;
    cffi_function *function = calloc(1, sizeof *function);
    if (!function) return NULL;
    if (!copy_parts(function, signature)) {
        cffi_function_destroy(function);
        return NULL;
    }
    /* C has no cast from data to code; both are one address here. */
    memcpy(&function->address, &address, sizeof address);
    function->rule_count = signature->rule_count;
    function->input_count = signature->input_count;
    function->result = signature->result;
    function->yield = signature->yield;
    function->result_is_length = signature->result_is_length;
    function->explains_errno = signature->explains_errno;
    function->tells_length = signature->result_is_length;
    function->largest_size = INT64_MAX;
    for (uint32_t position = 0; position < function->arg_count; position++)
        add_arg(function, position);
    function->route = cffi_route_of(function);
    if (ffi_prep_cif(&function->cif, FFI_DEFAULT_ABI, function->arg_count,
                     libffi_type(function->result), function->types) != FFI_OK) {
        cffi_function_destroy(function);
        return NULL;
    }
    return function;
}

void cffi_function_destroy(cffi_function *function) {
    if (!function) return;
    for (uint32_t index = 0; index < function->arg_count; index++)
        free((void *)function->args[index].name);
    free(function->rules);
    free(function->steps);
    free(function->name);
    free(function);
}

cffi_plan *cffi_plan_make(const cffi_function *function) {
    cffi_plan *plan = calloc(1, sizeof *plan);
    if (!plan) return NULL;
    plan->function = function;
    for (uint32_t index = 0; index < function->arg_count; index++)
        plan->addresses[index] = &plan->constants[index];
    return plan;
}

static bool set_text(cffi_plan *plan, uint32_t arg, const pipes_value *value, char *message) {
    const char *name = plan->function->args[arg].name;
    if (value->kind != PIPES_STRING) {
        snprintf(message, CFFI_MESSAGE_SIZE, "%.100s: %s, and it takes STRING", name,
                 cffi_kind_name(value->kind));
        return false;
    }
    if (value->size > 0 && memchr(value->text, 0, value->size)) {
        snprintf(message, CFFI_MESSAGE_SIZE,
                 "%.100s: the text holds a NUL, which would end it for C", name);
        return false;
    }
    char *copy = malloc(value->size + 1);
    if (!copy) {
        snprintf(message, CFFI_MESSAGE_SIZE, "%.100s: no memory for the text", name);
        return false;
    }
    if (value->size > 0) memcpy(copy, value->text, value->size);
    copy[value->size] = 0;
    free(plan->texts[arg]);
    plan->texts[arg] = copy;
    plan->constants[arg].pointer = copy;
    return true;
}

bool cffi_plan_set(cffi_plan *plan, uint32_t arg, const pipes_value *value, char *message) {
    const cffi_function *function = plan->function;
    if (arg >= function->arg_count || function->args[arg].role != CFFI_CONSTANT) {
        snprintf(message, CFFI_MESSAGE_SIZE, "argument %u of %.100s is no constant", arg,
                 function->name);
        return false;
    }
    if (function->args[arg].type == CFFI_POINTER) return set_text(plan, arg, value, message);
    return cffi_store(&plan->constants[arg], function->args[arg].type, function->args[arg].name,
                      value, message);
}

void cffi_plan_destroy(cffi_plan *plan) {
    if (!plan) return;
    for (uint32_t index = 0; index < plan->function->arg_count; index++) free(plan->texts[index]);
    free(plan);
}
