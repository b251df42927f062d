/* io.so, processor by processor. Usage: test_io io.so, in a folder where it may write */
#define _DEFAULT_SOURCE
#include "host.h"

#include <pipes/tensor.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const pipes_plugin *io;
static char folder[] = "/tmp/pipes-io-XXXXXX";

static void put_file(const char *path, const char *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    if (CHECK(file) && CHECK(fwrite(bytes, 1, size, file) == size)) fclose(file);
}

/* What is in a file, to be freed; NULL where there is none. */
static char *content(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    char *bytes = malloc(1 << 22);
    *size = fread(bytes, 1, (1 << 22) - 1, file);
    bytes[*size] = 0;
    fclose(file);
    return bytes;
}

static bool holds(const char *path, const char *expected) {
    size_t size;
    char *bytes = content(path, &size);
    bool same = bytes && size == strlen(expected) && !memcmp(bytes, expected, size);
    if (!same) fprintf(stderr, "  %s: %s\n", path, bytes ? bytes : "(no file)");
    free(bytes);
    return same;
}

static int files_here(void) {
    int count = 0;
    DIR *directory = opendir(".");
    while (directory && readdir(directory)) count++;
    if (directory) closedir(directory);
    return count - 2;
}

static void nap(void) { nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL); }

static void *stop_soon(void *node) {
    nap();
    node_stop(node);
    return NULL;
}

/* ---------------------------------------------------------------- io.lines -- */

static pipes_status lines_open(pipes_node *node, const char *path, const char *encoding) {
    return node_open(node, plugin_find(io, "lines"), (pipes_value[]){text(path), text(encoding)});
}

static void lines_are(const char *bytes, size_t size, const char *encoding,
                      const char *const *expected, int64_t repaired, uint64_t demand) {
    pipes_node node;
    put_file("lines.txt", bytes, size);
    if (!CHECK(lines_open(&node, "lines.txt", encoding) == PIPES_OK)) {
        fprintf(stderr, "  %s: %s\n", encoding, node.explained);
        return;
    }
    pipes_status status;
    do {
        struct outcome outcome = node_produce(&node, demand);
        status = outcome.status;
        for (uint64_t row = 0; row < outcome.count; row++) {
            if (!CHECK(*expected && is_text(&outcome.results[row].value, *expected))) {
                fprintf(stderr, "  %.*s, not %s\n", (int)outcome.results[row].value.size,
                        outcome.results[row].value.text, *expected ? *expected : "nothing");
            }
            if (*expected) expected++;
        }
        call_free(&outcome);
    } while (status == PIPES_OK);
    CHECK(status == PIPES_END && !*expected && node.counted == repaired);
    node_close(&node);
}

#define LINES_IN(ENCODING, BYTES, REPAIRED, ...)                                               \
    for (uint64_t demand = 1; demand < 10; demand += 4) {                                      \
        lines_are(BYTES, sizeof BYTES - 1, ENCODING, (const char *const[]){__VA_ARGS__, NULL}, \
                  REPAIRED, demand);                                                           \
    }
#define LINES_ARE(BYTES, REPAIRED, ...) LINES_IN("utf-8", BYTES, REPAIRED, __VA_ARGS__)

static void a_file_becomes_lines(void) {
    check_params(plugin_find(io, "lines"), "path=\"-\" encoding=\"utf-8\"");
    LINES_ARE("", 0, NULL);
    LINES_ARE("\n", 0, "");
    LINES_ARE("a", 0, "a");
    LINES_ARE("a\nb\r\n\r\n\nc\rd\ne\r", 0, "a", "b", "", "", "c\rd", "e\r");
    LINES_ARE("h\xc3\xa4\nx\xffy\xe6\x97\n\xed\xa0\x80\n\xc0\xaf", 3, "h\xc3\xa4",
              "x\xEF\xBF\xBDy\xEF\xBF\xBD", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD",
              "\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void a_byte_order_mark_is_left_out_at_the_beginning(void) {
    LINES_ARE("\xEF\xBB\xBFid,name\r\n1,\xEF\xBB\xBF\n\xEF\xBB\xBFx", 0, "id,name",
              "1,\xEF\xBB\xBF", "\xEF\xBB\xBFx");
    LINES_ARE("\xEF\xBB\xBF", 0, NULL);
    LINES_ARE("\xEF\xBB\xBF\n", 0, "");
    LINES_ARE("\xEF\xBB\xBF\xEF\xBB\xBF\n", 0, "\xEF\xBB\xBF");
    LINES_ARE("\xEF\xBB\n\xEF", 2, "\xEF\xBF\xBD", "\xEF\xBF\xBD");
    LINES_IN("utf-16", "\xff\xfe"
                       "a\0\n\0\xff\xfe", 0, "a", "\xEF\xBB\xBF");
    LINES_IN("UTF-16LE", "\xff\xfe"
                         "a\0\n\0\xff\xfe", 0, "a", "\xEF\xBB\xBF");
    LINES_IN("utf-32be", "\0\0\xfe\xff\0\0\0a", 0, "a");
    LINES_IN("UTF-8//", "\xEF\xBB\xBFx", 0, "x"); /* the same, by way of iconv */
}

static void other_encodings_become_utf8(void) {
    LINES_IN("ISO-8859-1", "Estagi\xe1rio\nStra\xdf"
                           "e 5\r\n\xa0", 0, "Estagiário", "Straße 5", "\u00a0");
    LINES_IN("cp1252", "\x80 5\n", 0, "€ 5");
    LINES_IN("UTF8", "ä\n", 0, "ä");
    /* U+0A0A and U+010A have a byte of a line feed, and are none. */
    LINES_IN("utf-16be", "\x0a\x0a\x01\x0a\0\n\0\r\0\n\xd8\x3d\xde\x00", 0, "\u0a0a\u010a", "",
             "\U0001F600");
    LINES_IN("UTF-32", "\xff\xfe\0\0a\0\0\0\r\0\0\0\n\0\0\0b\0\0\0", 0, "a", "b");
    LINES_IN("shift_jis", "\x93\xfa\x96{\n\x83\x5c", 0, "日本", "ソ");
    LINES_IN("ISO-2022-JP", "\x1b$BF|K\\\x1b(B\n\x1b$BF|\x1b(B", 0, "日本", "日");
    LINES_IN("utf-7", "a+AOQ-\n", 0, "aä");
    /* The converter keeps a character back that may still get an accent. */
    LINES_IN("BIG5-HKSCS", "\x88\x66\n\x88\x66", 0, "Ê", "Ê");
}

#define FFFD "\xEF\xBF\xBD"

static void what_cannot_be_converted_is_replaced_and_counted(void) {
    LINES_IN("ascii", "a\xe4z\nb\n\xff", 2, "a" FFFD "z", "b", FFFD);
    /* Half of a pair in UTF-16, and half of a unit at the end: what follows stays in step. */
    LINES_IN("utf-16le", "a\0\0\xd8"
                         "b\0\n\0\0\xdc\n\0c\0d", 3, "a" FFFD "b", FFFD, "c" FFFD);
    LINES_IN("utf-32le", "\0\0\x11\0a\0\0\0\n\0\0\0b\0\0\0", 1, FFFD "a", "b");
    LINES_IN("shift_jis", "\x93\xfa\xff\nx\n\x93", 2, "日" FFFD, "x", FFFD);
    LINES_IN("iso-2022-jp", "\x1b$BF|\x29\x21\x1b(B\nx", 1, "日" FFFD FFFD, "x");
    /* What is right in the encoding is not repaired, also where it is this very character. */
    LINES_IN("utf-16be", "\xff\xfd", 0, FFFD);
}

static void wrong_lines_are_reported_twice(void) {
    pipes_node node;
    put_file("lines.txt", "a\n\xe4\nb\n\xe4\n", 8);
    struct {
        const char *encoding, *first, *last;
    } table[] = {
        {"utf-8",
         "line 2 of \"lines.txt\" is not UTF-8: U+FFFD stands for what is wrong; if it has another "
         "encoding, set the arg \"encoding\"",
         "2 of 4 lines of \"lines.txt\" are not UTF-8"},
        {"us-ascii", "line 2 of \"lines.txt\" is not us-ascii: U+FFFD stands for what is wrong",
         "2 of 4 lines of \"lines.txt\" are not us-ascii"},
    };
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++) {
        CHECK(lines_open(&node, "lines.txt", table[at].encoding) == PIPES_OK);
        for (int call = 0; call < 4; call++) {
            struct outcome outcome = node_produce(&node, 1);
            CHECK(outcome.count == 1);
            CHECK(node.log_count == (call > 0));
            call_free(&outcome);
        }
        node_close(&node);
        CHECK(node.log_count == 2);
        CHECK(!strcmp(node.logged[0], table[at].first));
        CHECK(!strcmp(node.logged[1], table[at].last));
    }
    CHECK(lines_open(&node, "lines.txt", "latin1") == PIPES_OK);
    struct outcome outcome = node_produce(&node, 9);
    call_free(&outcome);
    node_close(&node);
    CHECK(node.log_count == 0);
}

/* Texts that are longer than all buffers, in units of several bytes, so that characters lie across
 * every border. */
static void long_text_is_converted_whole(void) {
    enum { SIZE = 700001 };
    unsigned char *bytes = malloc(SIZE * 2);
    size_t at = 0;
    for (uint32_t unit = 0; at < SIZE - 4; unit++) {
        uint32_t point = unit % 5 ? 0x3042 + unit % 80 : 0x1F600 + unit % 64;
        if (unit % 100000 == 99999) point = '\n'; /* lines of more than a block */
        if (point > 0xFFFF) {
            uint32_t high = 0xD800 + ((point - 0x10000) >> 10);
            bytes[at++] = (unsigned char)(high >> 8);
            bytes[at++] = (unsigned char)high;
            point = 0xDC00 + ((point - 0x10000) & 0x3FF);
        }
        bytes[at++] = (unsigned char)(point >> 8);
        bytes[at++] = (unsigned char)point;
    }
    put_file("lines.txt", (const char *)bytes, at);
    pipes_node node;
    CHECK(lines_open(&node, "lines.txt", "utf-16be") == PIPES_OK);
    uint32_t unit = 0;
    size_t seen = 0;
    for (pipes_status status = PIPES_OK; status == PIPES_OK;) {
        struct outcome outcome = node_produce(&node, 2);
        status = outcome.status;
        for (uint64_t row = 0; row < outcome.count; row++, seen++) {
            const pipes_value *line = &outcome.results[row].value;
            size_t from = 0;
            for (; from < line->size; unit++) {
                const unsigned char *text = (const unsigned char *)line->text + from;
                uint32_t wanted = unit % 5 ? 0x3042 + unit % 80 : 0x1F600 + unit % 64;
                size_t length = unit % 5 ? 3 : 4;
                uint32_t point = unit % 5 ? (text[0] & 15u) << 12 : (text[0] & 7u) << 18;
                for (size_t next = 1; next < length; next++)
                    point |= (text[next] & 63u) << 6 * (length - 1 - next);
                if (!CHECK(point == wanted)) return;
                from += length;
            }
            unit++; /* the line feed */
        }
        call_free(&outcome);
    }
    CHECK(seen == 3 && node.counted == 0);
    node_close(&node);
    free(bytes);
}

/* Byte by byte through a pipe: a line comes with its last byte, and not before. */
static void slow_text_is_converted_as_it_comes(void) {
    static const char text_in_utf16[] = "\xff\xfe"
                                        "a\0\x3d\xd8\0\xde\n\0b\0\n\0";
    CHECK(!mkfifo("fifo", 0600));
    pipes_node node;
    CHECK(lines_open(&node, "fifo", "utf-16") == PIPES_OK);
    int writer = open("fifo", O_WRONLY);
    size_t lines = 0;
    for (size_t at = 0; at < sizeof text_in_utf16 - 1; at++) {
        CHECK(write(writer, text_in_utf16 + at, 1) == 1);
        bool ends_line = at == 9 || at == 13;
        struct outcome outcome;
        pthread_t thread;
        if (!ends_line) { /* it would wait for more */
            CHECK(!pthread_create(&thread, NULL, stop_soon, &node));
        }
        outcome = node_produce(&node, 9);
        CHECK(outcome.status == (ends_line ? PIPES_OK : PIPES_END));
        CHECK(outcome.count == (ends_line ? 1 : 0));
        if (outcome.count)
            CHECK(is_text(&outcome.results[0].value, lines++ ? "b" : "a\U0001F600"));
        call_free(&outcome);
        if (!ends_line) pthread_join(thread, NULL);
        node.stopping = false;
    }
    CHECK(lines == 2);
    close(writer);
    struct outcome outcome = node_produce(&node, 9);
    CHECK(outcome.status == PIPES_END && outcome.count == 0);
    call_free(&outcome);
    node_close(&node);
    unlink("fifo");
}

static void lines_of_any_length_are_whole(void) {
    enum { SIZE = 3000000 };
    char *bytes = malloc(SIZE);
    size_t at = 0, lines = 0;
    while (at <
           SIZE - 700000) { /* lengths from 0 on, one that is longer than a block, NULs inside */
        size_t length = lines == 100 ? 600000 : lines % 300;
        memset(bytes + at, lines % 3 ? 'a' : 0, length);
        at += length;
        bytes[at++] = '\n';
        lines++;
    }
    put_file("lines.txt", bytes, at);
    pipes_node node;
    CHECK(lines_open(&node, "lines.txt", "utf-8") == PIPES_OK);
    size_t seen = 0, from = 0;
    int calls = 0;
    struct outcome late[3] = {{0}}; /* batches live on while the next blocks are read */
    for (pipes_status status = PIPES_OK; status == PIPES_OK;) {
        if (calls++ % 2) host_fail_after(calls % 300); /* a call that fails loses nothing */
        struct outcome outcome = node_produce(&node, 256);
        host_fail_after(-1);
        status = outcome.status == PIPES_RETRY ? PIPES_OK : outcome.status;
        for (uint64_t row = 0; outcome.status != PIPES_RETRY && row < outcome.count;
             row++, seen++) {
            const pipes_value *line = &outcome.results[row].value;
            size_t length = seen == 100 ? 600000 : seen % 300;
            if (!CHECK(line->size == length && !memcmp(line->text, bytes + from, length))) return;
            from += length + 1;
        }
        if (late[0].call) call_free(&late[0]);
        late[0] = late[1];
        late[1] = late[2];
        late[2] = outcome;
    }
    CHECK(seen == lines && from == at);
    node_close(&node);
    for (int n = 0; n < 3; n++) {
        if (late[n].call) call_free(&late[n]);
    }
    free(bytes);
}

static void a_line_comes_as_soon_as_it_is_there(void) {
    int ends[2], saved = dup(0);
    CHECK(!pipe(ends));
    dup2(ends[0], 0);
    pipes_node node, other;
    CHECK(lines_open(&node, "-", "utf-8") == PIPES_OK);
    CHECK(lines_open(&other, "-", "utf-8") == PIPES_FATAL);
    CHECK(!strcmp(other.explained, "another node reads standard input already"));
    CHECK(write(ends[1], "one\ntwo\nthr", 11) == 11);
    struct outcome outcome = node_produce(&node, 100);
    CHECK(outcome.status == PIPES_OK && outcome.count == 2 &&
          is_text(&outcome.results[1].value, "two"));
    call_free(&outcome);
    pthread_t thread; /* the pipe stays open, and a read of it would wait for ever */
    CHECK(!pthread_create(&thread, NULL, stop_soon, &node));
    outcome = node_produce(&node, 100);
    CHECK(outcome.status == PIPES_END && outcome.count == 0);
    call_free(&outcome);
    pthread_join(thread, NULL);
    node_close(&node);
    CHECK(lines_open(&node, "-", "utf-8") == PIPES_OK);
    close(ends[1]);
    outcome = node_produce(&node, 100);
    CHECK(outcome.status == PIPES_END);
    call_free(&outcome);
    node_close(&node);
    dup2(saved, 0);
    close(saved);
    close(ends[0]);
}

static void fails_to_open(const char *name, const pipes_value *args, const char *reason) {
    pipes_node node;
    CHECK(node_open(&node, plugin_find(io, name), args) == PIPES_FATAL);
    if (!CHECK(!strcmp(node.explained, reason))) fprintf(stderr, "  %s\n", node.explained);
}

static void a_file_that_cannot_be_read_is_named(void) {
    fails_to_open("lines", (pipes_value[]){text("none.txt"), text("utf-8")},
                  "can't read \"none.txt\": No such file or directory");
    fails_to_open("lines", (pipes_value[]){text("/tmp"), text("utf-8")},
                  "can't read \"/tmp\": Is a directory");
    fails_to_open("lines", (pipes_value[]){text(""), text("utf-8")},
                  "can't read \"\": No such file or directory");
    fails_to_open("lines", (pipes_value[]){pipes_string("a\0b", 3), text("utf-8")},
                  "a path can't contain a NUL");
    fails_to_open("lines", (pipes_value[]){text("-"), text("klingon")},
                  "encoding: \"klingon\" is not an encoding that iconv knows; iconv -l lists them");
    fails_to_open("lines", (pipes_value[]){text("-"), text("")},
                  "encoding: \"\" is not an encoding that iconv knows; iconv -l lists them");
    fails_to_open("lines", (pipes_value[]){text("-"), pipes_string("utf-8\0x", 7)},
                  "encoding: \"utf-8\" is not an encoding that iconv knows; iconv -l lists them");
    CHECK(!mkfifo("fifo", 0600)); /* nobody writes to it, and open must not wait for that */
    pipes_node node;
    CHECK(lines_open(&node, "fifo", "utf-8") == PIPES_OK);
    int writer = open("fifo", O_WRONLY);
    CHECK(write(writer, "x\n", 2) == 2);
    struct outcome outcome = node_produce(&node, 9);
    CHECK(outcome.status == PIPES_OK && outcome.count == 1);
    call_free(&outcome);
    close(writer);
    outcome = node_produce(&node, 9);
    CHECK(outcome.status == PIPES_END);
    call_free(&outcome);
    node_close(&node);
    unlink("fifo");
}

/* ------------------------------------------------------------------- sinks -- */

static pipes_value list(const pipes_value *items, size_t count) { return pipes_list(items, count); }

static pipes_tensor tensor(void *data, uint8_t code, uint8_t bits, int32_t ndim, int64_t *shape) {
    pipes_tensor made = {.data = data, .device_type = PIPES_DEVICE_CPU, .ndim = ndim,
                         .dtype = pipes_dtype_of(code, bits), .shape = shape};
    return made;
}

static void values_have_their_form(void) {
    pipes_value nested[] = {pipes_int(1), text("a\"b\\\n\t\x01/é\x7f"), pipes_null(),
                            pipes_bytes("\xff\xfe", 2)};
    pipes_value entries[] = {text("k"), pipes_bool(true), text(""), list(nested, 4)};
    pipes_value broken[] = {text("a\xff"
                                 "b")};
    pipes_value looks[] = {text("$float"), pipes_int(1)};
    int16_t integers[] = {1, -2, 3, 4};
    float floats[] = {0.1f, NAN, 1e20f};
    uint16_t half[] = {0x3E00, 0xFC00, 1};
    uint64_t largest = UINT64_MAX;
    uint8_t octets[] = {1, 0};
    int64_t one[] = {1}, two[] = {2}, three[] = {3}, square[] = {2, 2}, columns[] = {1, 2};
    pipes_tensor grid = tensor(integers, PIPES_DTYPE_INT, 16, 2, square);
    pipes_tensor reals = tensor(floats, PIPES_DTYPE_FLOAT, 32, 1, three);
    pipes_tensor halves = tensor(half, PIPES_DTYPE_FLOAT, 16, 1, three);
    pipes_tensor most = tensor(&largest, PIPES_DTYPE_UINT, 64, 0, NULL);
    pipes_tensor truths = tensor(octets, PIPES_DTYPE_BOOL, 8, 1, two);
    pipes_tensor pairs = tensor(octets, PIPES_DTYPE_UINT, 8, 1, one);
    pipes_tensor eighths = tensor(octets, 10, 8, 1, two);
    grid.strides = columns;
    pairs.dtype.lanes = 2;
    struct {
        pipes_value value;
        const char *form;
    } table[] = {
        {text("as it \"is\"\x01"), "as it \"is\"\x01"},
        {text(""), ""},
        {pipes_null(), "null"},
        {pipes_bool(false), "false"},
        {pipes_int(INT64_MIN), "-9223372036854775808"},
        {pipes_float(3), "3.0"},
        {pipes_float(-0.0), "-0.0"},
        {pipes_float(0.1), "0.1"},
        {pipes_float(1e22), "1e+22"},
        {pipes_float(1.0 / 3), "0.3333333333333333"},
        {pipes_float(5e-324), "5e-324"},
        {pipes_float(1.7976931348623157e308), "1.7976931348623157e+308"},
        {pipes_float(123456789), "123456789.0"},
        {pipes_float(0.1 + 0.2), "0.30000000000000004"},
        {pipes_float(2.2250738585072014e-308), "2.2250738585072014e-308"},
        {pipes_bytes("", 0), ""},
        {pipes_bytes("f", 1), "Zg=="},
        {pipes_bytes("fo", 2), "Zm8="},
        {pipes_bytes("foo", 3), "Zm9v"},
        {pipes_bytes("\xff\xff\xff\xfe", 4), "/////g=="},
        {list(NULL, 0), "[]"},
        {pipes_map(NULL, 0), "{}"},
        {pipes_map(entries, 2),
         "{\"k\":true,\"\":[1,\"a\\\"b\\\\\\n\\t\\u0001/é\x7f\",null,{\"$bytes\":\"//4=\"}]}"},
        {pipes_map(looks, 1), "{\"$map\":{\"$float\":1}}"},
        {pipes_tensor_value(&grid), "{\"$tensor\":{\"dtype\":\"i16\",\"shape\":[2,2],\"data\":[1,3,-2,4]}}"},
        {pipes_tensor_value(&reals),
         "{\"$tensor\":{\"dtype\":\"f32\",\"shape\":[3],\"data\":[0.1,{\"$float\":\"NaN\"},1e+20]}}"},
        {pipes_tensor_value(&halves),
         "{\"$tensor\":{\"dtype\":\"f16\",\"shape\":[3],\"data\":[1.5,{\"$float\":\"-Infinity\"},"
         "5.9604645e-08]}}"},
        {pipes_tensor_value(&most),
         "{\"$tensor\":{\"dtype\":\"u64\",\"shape\":[],\"data\":[\"18446744073709551615\"]}}"},
        {pipes_tensor_value(&truths),
         "{\"$tensor\":{\"dtype\":\"bool\",\"shape\":[2],\"data\":[true,false]}}"},
        {pipes_tensor_value(&pairs),
         "{\"$tensor\":{\"dtype\":\"u8x2\",\"shape\":[1],\"data\":[1,0]}}"},
        {pipes_tensor_value(&eighths),
         "{\"$tensor\":{\"dtype\":\"type10.8\",\"shape\":[2],\"bytes\":\"AQA=\"}}"},
        {list(broken, 1), "[\"a\xEF\xBF\xBD"
                          "b\"]"},
    };
    check_params(plugin_find(io, "write"), "path! append=false non_finite=\"reject\"");
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++) {
        pipes_node node;
        CHECK(node_open(&node, plugin_find(io, "write"),
                        (pipes_value[]){text("out.txt"), pipes_bool(false), text("reject")}) == PIPES_OK);
        struct outcome outcome = node_process(&node, &table[at].value, 1);
        CHECK(outcome.status == PIPES_OK && outcome.settled_count == 0);
        call_free(&outcome);
        outcome = node_flush(&node);
        CHECK(outcome.status == PIPES_OK);
        call_free(&outcome);
        node_close(&node);
        char expected[256];
        snprintf(expected, sizeof expected, "%s\n", table[at].form);
        CHECK(holds("out.txt", expected));
    }
    unlink("out.txt");
}

static const char remedy[] = " is not a number that JSON can hold; set \"non_finite\" to \"null\" or "
                             "\"text\" to write it";

/* Only their rows are rejected, unless the node is told otherwise. */
static void numbers_beyond_json_are_written_as_told(void) {
    pipes_value nested[] = {pipes_int(1), pipes_float(-INFINITY)};
    pipes_value entries[] = {text("a/b"), list(nested, 2)};
    pipes_value rows[] = {text("first"), pipes_float(NAN), pipes_map(entries, 1), text("last")};
    static const struct {
        const char *word, *file;
        size_t rejected;
    } table[] = {
        {"reject", "first\nlast\n", 2},
        {"null", "first\nnull\n{\"a/b\":[1,null]}\nlast\n", 0},
        {"text", "first\nNaN\n{\"a/b\":[1,\"-Infinity\"]}\nlast\n", 0},
    };
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++) {
        pipes_node node;
        pipes_value args[] = {text("out.txt"), pipes_bool(false), text(table[at].word)};
        CHECK(node_open(&node, plugin_find(io, "write"), args) == PIPES_OK);
        struct outcome outcome = node_process(&node, rows, 4);
        CHECK(outcome.status == PIPES_OK && outcome.settled_count == table[at].rejected);
        for (size_t row = 0; row < outcome.settled_count; row++) {
            char expected[256];
            snprintf(expected, sizeof expected, "%s%s", row ? "-Infinity at /a~1b/1" : "NaN", remedy);
            CHECK(outcome.settled[row].row == 1 + row);
            CHECK(outcome.settled[row].status == PIPES_REJECT);
            CHECK(!strcmp(outcome.settled[row].text, expected));
        }
        call_free(&outcome);
        outcome = node_flush(&node);
        call_free(&outcome);
        node_close(&node);
        CHECK(holds("out.txt", table[at].file));
    }
    unlink("out.txt");
}

/* However long the keys are, the message ends with what to do. */
static void a_long_place_is_cut(void) {
    static char key[3000];
    memset(key, '/', sizeof key);
    pipes_value entries[] = {pipes_string(key, sizeof key), pipes_float(INFINITY)};
    pipes_value row[] = {text("a"), pipes_map(entries, 1)};
    pipes_node node;
    pipes_value args[] = {text("out.txt"), pipes_bool(false), text("reject")};
    CHECK(node_open(&node, plugin_find(io, "write"), args) == PIPES_OK);
    node.inputs = 2;
    struct outcome outcome = node_process(&node, row, 1);
    CHECK(outcome.settled_count == 1);
    const char *message = outcome.settled[0].text, *end = strstr(message, "... in input 2");
    CHECK(!strncmp(message, "Infinity at /~1~1~1", 19) && strlen(message) < 1024);
    CHECK(end && !strcmp(end + strlen("... in input 2"), remedy));
    call_free(&outcome);
    node_close(&node);
    unlink("out.txt");
}

static void joined_rows_have_tabs_and_bad_ones_are_rejected(void) {
    pipes_node node;
    CHECK(node_open(&node, plugin_find(io, "write"),
                    (pipes_value[]){text("out.txt"), pipes_bool(false), text("reject")}) == PIPES_OK);
    node.inputs = 2;
    pipes_value deep[2000];
    for (int at = 0; at < 1999; at++) deep[at] = list(&deep[at + 1], 1);
    deep[1999] = pipes_null();
    pipes_value wrong_key[] = {pipes_int(1), pipes_int(2)};
    pipes_value rows[] = {text("a"), pipes_int(1), text("lost"),
                          deep[0],   text("lost"), pipes_map(wrong_key, 1),
                          text("b"), text("c")};
    struct outcome outcome = node_process(&node, rows, 4);
    CHECK(outcome.status == PIPES_OK && outcome.settled_count == 2);
    CHECK(outcome.settled[0].row == 1 && outcome.settled[0].status == PIPES_REJECT);
    CHECK(!strcmp(outcome.settled[0].text, "the value is nested more than 1000 deep"));
    CHECK(outcome.settled[1].row == 2 &&
          !strcmp(outcome.settled[1].text, "a key of a MAP is not a STRING"));
    call_free(&outcome);
    outcome = node_flush(&node);
    call_free(&outcome);
    node_close(&node);
    CHECK(holds("out.txt", "a\t1\nb\tc\n"));
    unlink("out.txt");
}

static void write_rows(const char *path, bool append, const char *row, bool flush, bool stop) {
    pipes_node node;
    CHECK(node_open(&node, plugin_find(io, "write"),
                    (pipes_value[]){text(path), pipes_bool(append), text("reject")}) == PIPES_OK);
    struct outcome outcome = node_process(&node, (pipes_value[]){text(row)}, 1);
    CHECK(outcome.status == PIPES_OK);
    call_free(&outcome);
    if (flush) {
        outcome = node_flush(&node);
        CHECK(outcome.status == PIPES_OK);
        call_free(&outcome);
    }
    if (stop) node_stop(&node);
    node_close(&node);
}

static void a_file_appears_when_the_run_ends_by_itself(void) {
    int before = files_here();
    write_rows("out.txt", false, "first", true, false);
    CHECK(holds("out.txt", "first\n"));
    CHECK(!chmod("out.txt", 0640));
    write_rows("out.txt", false, "stopped", false, true);
    write_rows("out.txt", false, "stopped after its flush", true, true);
    CHECK(holds("out.txt", "first\n"));
    write_rows("out.txt", false, "second", true, false);
    CHECK(holds("out.txt", "second\n"));
    struct stat status;
    CHECK(!stat("out.txt", &status) && (status.st_mode & 0777) == 0640);
    write_rows("out.txt", true, "third", false, false);
    CHECK(holds("out.txt", "second\nthird\n"));
    CHECK(!symlink("out.txt", "link"));
    write_rows("link", false, "through a link", true, false);
    CHECK(holds("out.txt", "through a link\n") && !lstat("link", &status) &&
          S_ISLNK(status.st_mode));
    CHECK(files_here() == before + 2);

    pipes_node node;
    CHECK(node_open(&node, plugin_find(io, "write"),
                    (pipes_value[]){text("out.txt"), pipes_bool(false), text("reject")}) == PIPES_OK);
    fails_to_open("write", (pipes_value[]){text("./link"), pipes_bool(true), text("reject")},
                  "can't write \"./link\": another node writes it already");
    node_close(&node);
    fails_to_open("write", (pipes_value[]){text("none/out.txt"), pipes_bool(false), text("reject")},
                  "can't write \"none/out.txt\": No such file or directory");
    fails_to_open("write", (pipes_value[]){text("/proc/out.txt"), pipes_bool(false), text("reject")},
                  "can't write \"/proc/out.txt\": No such file or directory");
    fails_to_open("write", (pipes_value[]){text("/tmp"), pipes_bool(true), text("reject")},
                  "can't write \"/tmp\": Is a directory");
    write_rows("/dev/null", false, "gone", true, false);
    CHECK(!stat("/dev/null", &status) && S_ISCHR(status.st_mode));
    unlink("link");
    unlink("out.txt");

    CHECK(node_open(&node, plugin_find(io, "write"),
                    (pipes_value[]){text("/dev/full"), pipes_bool(false), text("reject")}) == PIPES_OK);
    struct outcome outcome = node_process(&node, (pipes_value[]){text("x")}, 1);
    CHECK(outcome.status == PIPES_FATAL &&
          !strcmp(outcome.explained, "can't write \"/dev/full\": No space left on device"));
    call_free(&outcome);
    node_close(&node);
}

static void standard_output_is_printed_to(void) {
    int ends[2], saved = dup(1);
    CHECK(!pipe(ends));
    dup2(ends[1], 1);
    close(ends[1]);
    pipes_node node;
    CHECK(node_open(&node, plugin_find(io, "print"), (pipes_value[]){text("reject")}) == PIPES_OK);
    struct outcome outcome = node_process(&node, (pipes_value[]){text("a"), pipes_float(2)}, 2);
    CHECK(outcome.status == PIPES_OK);
    call_free(&outcome);
    char read_back[16] = "";
    CHECK(read(ends[0], read_back, sizeof read_back) == 6 && !strcmp(read_back, "a\n2.0\n"));

    /* Nobody reads: a cancel must end the call all the same. */
    enum { ROWS = 4000 };
    static pipes_value rows[ROWS];
    for (int at = 0; at < ROWS; at++) rows[at] = text("a line that fills the pipe sooner or later");
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, stop_soon, &node));
    outcome = node_process(&node, rows, ROWS);
    CHECK(outcome.status == PIPES_CANCELLED);
    call_free(&outcome);
    pthread_join(thread, NULL);
    node_close(&node);

    close(ends[0]); /* as head does */
    CHECK(node_open(&node, plugin_find(io, "print"), (pipes_value[]){text("reject")}) == PIPES_OK);
    outcome = node_process(&node, rows, 3);
    CHECK(outcome.status == PIPES_END);
    call_free(&outcome);
    node_close(&node);
    dup2(saved, 1);
    close(saved);
}

int main(int count, char **arguments) {
    if (count != 2) return 64;
    signal(SIGPIPE, SIG_IGN);
    io = plugin_load(arguments[1]);
    if (!mkdtemp(folder) || chdir(folder)) return 70;
    a_file_becomes_lines();
    a_byte_order_mark_is_left_out_at_the_beginning();
    other_encodings_become_utf8();
    what_cannot_be_converted_is_replaced_and_counted();
    wrong_lines_are_reported_twice();
    long_text_is_converted_whole();
    slow_text_is_converted_as_it_comes();
    lines_of_any_length_are_whole();
    a_line_comes_as_soon_as_it_is_there();
    a_file_that_cannot_be_read_is_named();
    unlink("lines.txt");
    values_have_their_form();
    numbers_beyond_json_are_written_as_told();
    a_long_place_is_cut();
    joined_rows_have_tabs_and_bad_ones_are_rejected();
    a_file_appears_when_the_run_ends_by_itself();
    standard_output_is_printed_to();
    CHECK(files_here() == 0);
    CHECK(chdir("/") == 0 && rmdir(folder) == 0);
    return check_failures() ? 1 : 0;
}
