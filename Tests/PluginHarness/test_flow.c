/* flow.so, processor by processor. Usage: test_flow flow.so */
#define _POSIX_C_SOURCE 200809L
#include "host.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const pipes_plugin *flow;

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void fails_to_open(const char *name, const pipes_value *args, const char *reason) {
    pipes_node node;
    CHECK(node_open(&node, plugin_find(flow, name), args) == PIPES_FATAL);
    if (!CHECK(!strcmp(node.explained, reason))) fprintf(stderr, "  %s\n", node.explained);
}

static void a_range_ends_before_its_end(void) {
    static const struct {
        int64_t start, end, step, count, last;
    } table[] = {
        {0, 5, 1, 5, 4},
        {0, 5, 2, 3, 4},
        {0, 6, 2, 3, 4},
        {5, 0, -2, 3, 1},
        {5, 5, 1, 0, 0},
        {5, 0, 1, 0, 0},
        {0, 5, -1, 0, 0},
        {INT64_MAX - 2, INT64_MAX, 5, 1, INT64_MAX - 2},
        {INT64_MIN, INT64_MAX, INT64_MAX, 3, INT64_MAX - 1},
        {INT64_MAX, INT64_MIN, INT64_MIN, 2, -1},
        {1, -1, INT64_MIN, 1, 1},
    };
    const pipes_processor *range = plugin_find(flow, "range");
    check_params(range, "start=0 end! step=1");
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++) {
        pipes_node node;
        pipes_value args[] = {pipes_int(table[at].start), pipes_int(table[at].end),
                              pipes_int(table[at].step)};
        CHECK(node_open(&node, range, args) == PIPES_OK);
        int64_t count = 0, last = 0;
        pipes_status status;
        do {
            struct outcome outcome = node_produce(&node, 2);
            for (uint64_t row = 0; row < outcome.count; row++, count++)
                last = outcome.results[row].value.integer;
            status = outcome.status;
            call_free(&outcome);
        } while (status == PIPES_OK);
        CHECK(status == PIPES_END && count == table[at].count && last == table[at].last);
        node_close(&node);
    }
    fails_to_open("range", (pipes_value[]){pipes_int(0), pipes_int(1), pipes_int(0)},
                  "step is 0: the numbers would never end");
}

static void ticks_come_as_time_passes(void) {
    const pipes_processor *tick = plugin_find(flow, "tick");
    check_params(tick, "interval=\"1s\" count=-1");
    pipes_node node;
    CHECK(node_open(&node, tick, (pipes_value[]){text("20ms"), pipes_int(3)}) == PIPES_OK);
    double start = seconds();
    for (int64_t number = 0; number < 3; number++) {
        struct outcome outcome = node_produce(&node, 100);
        CHECK(outcome.status == (number == 2 ? PIPES_END : PIPES_OK));
        CHECK(outcome.count == 1 && outcome.results[0].value.integer == number);
        call_free(&outcome);
    }
    CHECK(seconds() - start >= 0.06 && seconds() - start < 1);
    node_close(&node);

    CHECK(node_open(&node, tick, (pipes_value[]){text("1h"), pipes_int(0)}) == PIPES_OK);
    struct outcome outcome = node_produce(&node, 1);
    CHECK(outcome.status == PIPES_END && outcome.count == 0);
    call_free(&outcome);
    node_close(&node);
    fails_to_open("tick", (pipes_value[]){text("0s"), pipes_int(1)},
                  "interval is 0: there would be no end of ticks");
}

static void a_tick_that_is_cancelled_ends_at_once(void) {
    pipes_node node;
    CHECK(node_open(&node, plugin_find(flow, "tick"), (pipes_value[]){text("1h"), pipes_int(-1)}) ==
          PIPES_OK);
    struct call *call = node_produce_soon(&node, 1);
    call_cancel(call);
    struct outcome outcome = outcome_wait(call);
    CHECK(outcome.status == PIPES_CANCELLED && outcome.count == 0);
    call_free(&outcome);
    call = node_produce_soon(&node, 1);
    node_stop(&node);
    outcome = outcome_wait(call);
    CHECK(outcome.status == PIPES_END && outcome.count == 0);
    call_free(&outcome);
    outcome = node_produce(&node, 1);
    CHECK(outcome.status == PIPES_END && outcome.count == 0);
    call_free(&outcome);
    node_close(&node);
}

/* Then the clock's thread ends the node that it works for, and itself with the last one. */
static void a_node_may_be_closed_by_its_last_tick(void) {
    for (int round = 0; round < 20; round++) {
        pipes_node tick, delay;
        CHECK(node_open(&tick, plugin_find(flow, "tick"),
                        (pipes_value[]){text("1ms"), pipes_int(1)}) == PIPES_OK);
        CHECK(node_open(&delay, plugin_find(flow, "delay"),
                        (pipes_value[]){text("1ms"), text("1ms"), pipes_int(1)}) == PIPES_OK);
        tick.closes_in_complete = delay.closes_in_complete = true;
        struct call *late = node_map_soon(&delay, (pipes_value[]){text("x")});
        struct outcome outcome = node_produce(&tick, 1);
        CHECK(outcome.status == PIPES_END && outcome.count == 1);
        call_free(&outcome);
        outcome = outcome_wait(late);
        CHECK(outcome.status == PIPES_OK);
        call_free(&outcome);
    }
}

static void rows_are_counted(void) {
    pipes_node node;
    CHECK(node_open(&node, plugin_find(flow, "count"), NULL) == PIPES_OK);
    node.inputs = 2;
    pipes_value rows[6] = {pipes_null(), text("a")};
    for (int call = 0; call < 2; call++) {
        struct outcome outcome = node_process(&node, rows, 3);
        CHECK(outcome.status == PIPES_OK && outcome.count == 0);
        call_free(&outcome);
    }
    struct outcome outcome = node_flush(&node);
    CHECK(outcome.count == 1 && outcome.results[0].value.kind == PIPES_INT &&
          outcome.results[0].value.integer == 6);
    call_free(&outcome);
    node_close(&node);
}

static void the_first_rows_pass(void) {
    static const pipes_status answers[][3] = {
        {PIPES_END, PIPES_END, PIPES_END},
        {PIPES_LAST, PIPES_END, PIPES_END},
        {PIPES_OK, PIPES_LAST, PIPES_END},
    };
    const pipes_processor *head = plugin_find(flow, "head");
    check_params(head, "num!");
    for (int num = 0; num < 3; num++) {
        pipes_node node;
        CHECK(node_open(&node, head, (pipes_value[]){pipes_int(num)}) == PIPES_OK);
        for (int row = 0; row < 3; row++) {
            struct outcome outcome = node_map(&node, (pipes_value[]){text("x")});
            CHECK(outcome.status == answers[num][row] && outcome.count == (row < num));
            call_free(&outcome);
        }
        node_close(&node);
    }
}

/* Rows are the texts of numbers, so that a hold that is missing shows under a sanitizer. */
static void feed(pipes_node *node, int *next, int count, struct outcome *outcome) {
    char digits[64][8];
    pipes_value rows[64];
    for (int at = 0; at < count * (int)node->inputs; at++) {
        snprintf(digits[at], sizeof digits[at], "%d", (*next)++);
        rows[at] = text(digits[at]);
    }
    *outcome = node_process(node, rows, (uint64_t)count);
}

static void check_list(const pipes_value *list, uint64_t size, uint64_t width, int *first) {
    CHECK(list->kind == PIPES_LIST && list->size == size);
    for (uint64_t row = 0; row < list->size; row++) {
        const pipes_value *cells = &list->items[row];
        if (width > 1) {
            CHECK(cells->kind == PIPES_LIST && cells->size == width);
            cells = cells->items;
        }
        for (uint64_t at = 0; at < width; at++) {
            char digits[8];
            snprintf(digits, sizeof digits, "%d", (*first)++);
            CHECK(is_text(&cells[at], digits));
        }
    }
}

static void rows_become_lists(uint64_t width) {
    const pipes_processor *batch = plugin_find(flow, "batch");
    check_params(batch, "size!");
    CHECK(!strcmp(batch->holds, "size"));
    static const int counts[] = {1, 2, 9, 0, 4, 3, 1, 8, 2};
    pipes_node node;
    CHECK(node_open(&node, batch, (pipes_value[]){pipes_int(4)}) == PIPES_OK);
    node.inputs = width;
    int next = 0, first = 0, rows = 0;
    for (size_t at = 0; at < sizeof counts / sizeof counts[0]; at++) {
        /* A call that fails, wherever that is, must change nothing: the same rows come again. */
        for (int failing = 0; failing < 12; failing++) {
            struct outcome failed;
            int again = next;
            host_fail_after(failing);
            feed(&node, &again, counts[at], &failed);
            host_fail_after(-1);
            CHECK(failed.status == PIPES_RETRY || failed.status == PIPES_OK);
            bool done = failed.status == PIPES_OK;
            if (done) {
                rows += counts[at];
                next = again;
                CHECK(failed.count == (uint64_t)rows / 4);
                rows %= 4;
                for (uint64_t list = 0; list < failed.count; list++) {
                    check_list(&failed.results[list].value, 4, width, &first);
                }
            }
            call_free(&failed);
            if (done) break;
            CHECK(failing < 11);
        }
    }
    struct outcome outcome = node_flush(&node);
    CHECK(outcome.count == 1);
    check_list(&outcome.results[0].value, (uint64_t)rows, width, &first);
    call_free(&outcome);
    outcome = node_flush(&node);
    CHECK(outcome.count == 0);
    call_free(&outcome);
    int stray = 0;
    feed(&node, &stray, 3, &outcome); /* close lets go of what is left */
    call_free(&outcome);
    node_close(&node);
}

static void lists_outlive_later_calls(void) {
    pipes_node node;
    CHECK(node_open(&node, plugin_find(flow, "batch"), (pipes_value[]){pipes_int(3)}) == PIPES_OK);
    struct outcome first, second;
    int next = 0, expected = 0;
    feed(&node, &next, 2, &first);
    call_free(&first);
    feed(&node, &next, 2, &first);
    feed(&node, &next, 2, &second);
    node_close(&node);
    check_list(&second.results[0].value, 3, 1, (int[]){3});
    call_free(&second);
    check_list(&first.results[0].value, 3, 1, &expected);
    call_free(&first);
}

static void delayed_rows_pass_unchanged(void) {
    const pipes_processor *delay = plugin_find(flow, "delay");
    check_params(delay, "time=\"10ms\" jitter=\"0ms\" seed=-1");
    enum { ROWS = 300 };
    static const struct {
        const char *time, *jitter;
        double least, most;
    } table[] = {
        {"10ms", "0ms", 0.01, 0.5},
        {"0.5ms", "20ms", 0.0005, 0.5},
        {"0s", "0ms", 0, 0.2},
        {"250us", "0s", 0.00025, 0.5},
    };
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++) {
        pipes_node node;
        pipes_value args[] = {text(table[at].time), text(table[at].jitter), pipes_int(7)};
        CHECK(node_open(&node, delay, args) == PIPES_OK);
        struct call *calls[ROWS];
        double start = seconds();
        for (int64_t row = 0; row < ROWS; row++) {
            char digits[8];
            snprintf(digits, sizeof digits, "%d", (int)row);
            calls[row] = node_map_soon(&node, (pipes_value[]){text(digits)});
        }
        for (int64_t row = 0; row < ROWS; row++) {
            char digits[8];
            snprintf(digits, sizeof digits, "%d", (int)row);
            struct outcome outcome = outcome_wait(calls[row]);
            CHECK(outcome.status == PIPES_OK && outcome.count == 1 &&
                  is_text(&outcome.results[0].value, digits));
            call_free(&outcome);
        }
        CHECK(seconds() - start >= table[at].least && seconds() - start < table[at].most * 20);
        node_close(&node);
    }
}

static void *cancel_all(void *context) {
    for (struct call **call = context; *call; call++) call_cancel(*call);
    return NULL;
}

/* Rows end by themselves and by a cancel at about the same time; each must end once. */
static void a_row_that_is_cancelled_ends_once(void) {
    enum { ROWS = 200 };
    pipes_node node;
    pipes_value args[] = {text("1ms"), text("3ms"), pipes_int(-1)};
    CHECK(node_open(&node, plugin_find(flow, "delay"), args) == PIPES_OK);
    for (int round = 0; round < 10; round++) {
        struct call *calls[ROWS + 1] = {0};
        for (int row = 0; row < ROWS; row++)
            calls[row] = node_map_soon(&node, (pipes_value[]){text("row")});
        pthread_t thread;
        CHECK(!pthread_create(&thread, NULL, cancel_all, calls));
        struct outcome outcomes[ROWS];
        for (int row = 0; row < ROWS; row++) {
            outcomes[row] = outcome_wait(calls[row]);
            CHECK(outcomes[row].status == PIPES_OK || outcomes[row].status == PIPES_CANCELLED);
            CHECK(outcomes[row].count == (outcomes[row].status == PIPES_OK));
        }
        pthread_join(thread, NULL);
        for (int row = 0; row < ROWS; row++) call_free(&outcomes[row]);
    }
    node_close(&node);
}

static void durations_are_checked(void) {
    static const char *const wrong[] = {"",    "10",   "ms",   "1.ms",           ".5s", "-1s",
                                        "1 s", "1sec", "1e3s", "9999999999999h", "1ss"};
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        char reason[160];
        snprintf(reason, sizeof reason,
                 "jitter: \"%s\" is not a duration; write a number and ns, us, ms, s, m or h, "
                 "such as \"10ms\"",
                 wrong[at]);
        fails_to_open("delay", (pipes_value[]){text("1ms"), text(wrong[at]), pipes_int(-1)},
                      reason);
    }
}

/* The fate of rows 1, 2, ... as letters: passes, rejected, fatal, skipped, retry. */
static void check_faults(pipes_value every, const char *how, int times, const char *fates,
                         bool comes_again) {
    pipes_node node;
    pipes_value args[] = {every, text(how), pipes_int(times)};
    CHECK(node_open(&node, plugin_find(flow, "fault"), args) == PIPES_OK);
    int row = 1;
    for (const char *fate = fates; *fate; fate++) {
        char digits[8], reason[32];
        snprintf(digits, sizeof digits, "%d", row);
        snprintf(reason, sizeof reason, "fault: row %d", row);
        struct outcome outcome = node_map(&node, (pipes_value[]){text(digits)});
        pipes_status expected = *fate == 'p'   ? PIPES_OK
                                : *fate == 'r' ? PIPES_REJECT
                                : *fate == 'f' ? PIPES_FATAL
                                : *fate == 's' ? PIPES_SKIP
                                               : PIPES_RETRY;
        if (!CHECK(outcome.status == expected))
            fprintf(stderr, "  %s at row %d of %s\n", how, row, fates);
        CHECK(expected != PIPES_OK || is_text(&outcome.results[0].value, digits));
        CHECK(expected >= 0 || !strcmp(outcome.explained, reason));
        call_free(&outcome);
        if (expected != PIPES_RETRY || !comes_again) row++;
    }
    node_close(&node);
}

static void each_nth_row_fails(void) {
    check_params(plugin_find(flow, "fault"), "every=7 how=\"reject\" times=1");
    check_faults(pipes_int(3), "reject", 1, "pprpprp", false);
    check_faults(pipes_int(1), "reject", 1, "rrr", false);
    check_faults(pipes_int(2), "fatal", 1, "pfpf", false);
    check_faults(pipes_int(2), "skip", 1, "psps", false);
    check_faults(pipes_int(3), "retry", 1, "pptppptppptp", true);
    check_faults(pipes_int(3), "retry", 2, "ppttpppttp", true);
    check_faults(pipes_int(1), "retry", 1, "tptp", true);
    check_faults(pipes_int(3), "retry", 1, "pptpptppt",
                 false); /* no retries left: the row is lost */
}

int main(int count, char **arguments) {
    if (count != 2) return 64;
    flow = plugin_load(arguments[1]);
    a_range_ends_before_its_end();
    ticks_come_as_time_passes();
    a_tick_that_is_cancelled_ends_at_once();
    a_node_may_be_closed_by_its_last_tick();
    rows_are_counted();
    the_first_rows_pass();
    rows_become_lists(1);
    rows_become_lists(3);
    lists_outlive_later_calls();
    delayed_rows_pass_unchanged();
    a_row_that_is_cancelled_ends_once();
    durations_are_checked();
    each_nth_row_fails();
    return check_failures() ? 1 : 0;
}
