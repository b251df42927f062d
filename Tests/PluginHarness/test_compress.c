/* compress.so. Usage: test_compress compress.so */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const pipes_plugin *compress_plugin;

static void texts_come_back(const char *what, const pipes_value *row, int64_t level,
                            const char *as) {
    pipes_node deflater, inflater;
    CHECK(node_open(&deflater, plugin_find(compress_plugin, "deflate"),
                    (pipes_value[]){pipes_int(level)}) == PIPES_OK);
    CHECK(node_open(&inflater, plugin_find(compress_plugin, "inflate"),
                    (pipes_value[]){text(as), pipes_int(1 << 28)}) == PIPES_OK);
    struct outcome packed = node_map(&deflater, row);
    CHECK(packed.status == PIPES_OK && packed.results[0].value.kind == PIPES_BYTES);
    struct outcome unpacked = node_map(&inflater, &packed.results[0].value);
    if (CHECK(unpacked.status == PIPES_OK)) {
        const pipes_value *value = &unpacked.results[0].value;
        CHECK(value->kind == (pipes_kind)(as[0] == 't' ? PIPES_STRING : PIPES_BYTES));
        if (!CHECK(value->size == row->size && !memcmp(value->bytes, row->bytes, row->size)))
            fprintf(stderr, "  %s\n", what);
    }
    call_free(&packed);
    call_free(&unpacked);
    node_close(&deflater);
    node_close(&inflater);
}

static void rejected(pipes_value row, const char *as, int64_t limit, const char *reason) {
    pipes_node node;
    CHECK(node_open(&node, plugin_find(compress_plugin, "inflate"),
                    (pipes_value[]){text(as), pipes_int(limit)}) == PIPES_OK);
    struct outcome outcome = node_map(&node, &row);
    if (!CHECK(outcome.status == PIPES_REJECT && !strcmp(outcome.explained, reason))) {
        fprintf(stderr, "  %d, %s\n", outcome.status, outcome.explained);
    }
    call_free(&outcome);
    node_close(&node);
}

static pipes_value packed(const void *bytes, size_t size, uint8_t *to, uLongf capacity) {
    compress2(to, &capacity, bytes, size, 9);
    return pipes_bytes(to, capacity);
}

static void hostile_data_is_rejected(void) {
    static uint8_t zeros[1 << 20], bomb[4096], small[256];
    pipes_value whole = packed(zeros, sizeof zeros, bomb, sizeof bomb);
    rejected(whole, "bytes", (1 << 20) - 1,
             "inflate: the row unpacks to more than 1048575 bytes, its limit");
    rejected(whole, "bytes", 1, "inflate: the row unpacks to more than 1 bytes, its limit");
    pipes_node node;
    CHECK(node_open(&node, plugin_find(compress_plugin, "inflate"),
                    (pipes_value[]){text("bytes"), pipes_int(1 << 20)}) == PIPES_OK);
    struct outcome outcome = node_map(&node, &whole); /* just what it may be */
    CHECK(outcome.status == PIPES_OK && outcome.results[0].value.size == 1 << 20);
    call_free(&outcome);
    pipes_value null = pipes_null();
    outcome = node_map(&node, &null);
    CHECK(outcome.status == PIPES_OK && outcome.results[0].value.kind == PIPES_NULL);
    call_free(&outcome);
    host_fail_after(0);
    outcome = node_map(&node, &whole);
    CHECK(outcome.status == PIPES_RETRY);
    call_free(&outcome);
    node_close(&node);

    rejected(text("hello"), "bytes", 100, "inflate: incorrect header check");
    rejected(text(""), "bytes", 100, "inflate: the data ends early");
    rejected(pipes_int(1), "bytes", 100, "neither STRING nor BYTES");
    pipes_value row = packed("hello, hello", 12, small, sizeof small);
    for (uint64_t size = 2; size < row.size; size++) {
        rejected(pipes_bytes(small, size), "bytes", 100, "inflate: the data ends early");
    }
    small[row.size] = 0;
    rejected(pipes_bytes(small, row.size + 1), "bytes", 100, "inflate: more data after the end");
    small[row.size - 1] ^= 1;
    rejected(row, "bytes", 100, "inflate: incorrect data check");
    rejected(packed("ab\xff", 3, small, sizeof small), "text", 100, "inflate: not UTF-8 at byte 2");
    for (unsigned seed = 0; seed < 20000;
         seed++) { /* whatever comes, nothing is read or written past its end */
        srand(seed);
        uint8_t noise[48] = {0x78, 0x9c};
        for (size_t at = 2; at < sizeof noise; at++) noise[at] = (uint8_t)rand();
        pipes_value noisy = pipes_bytes(noise, sizeof noise);
        pipes_node any;
        node_open(&any, plugin_find(compress_plugin, "inflate"),
                  (pipes_value[]){text("text"), pipes_int(1000)});
        struct outcome fate = node_map(&any, &noisy);
        CHECK(fate.status == PIPES_REJECT || fate.status == PIPES_OK);
        call_free(&fate);
        node_close(&any);
    }
}

int main(int count, char **arguments) {
    if (count != 2) return 64;
    compress_plugin = plugin_load(arguments[1]);
    check_params(plugin_find(compress_plugin, "deflate"), "level=6");
    check_params(plugin_find(compress_plugin, "inflate"), "as=\"bytes\" limit=268435456");
    static char large[300000];
    for (size_t at = 0; at < sizeof large; at++) large[at] = (char)('a' + at * at % 26);
    pipes_value rows[] = {text(""), text("hello"), text("日本語"),
                          pipes_string(large, sizeof large), pipes_bytes("a\0b", 3)};
    for (int64_t level = 0; level <= 9; level += 3) {
        for (int at = 0; at < 5; at++) {
            texts_come_back("as bytes", &rows[at], level, "bytes");
            texts_come_back("as text", &rows[at], level, "text");
        }
    }
    hostile_data_is_rejected();
    return check_failures() ? 1 : 0;
}
