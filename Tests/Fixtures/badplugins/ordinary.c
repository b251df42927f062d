/* An ordinary library. With -DINCOMPLETE it needs a function that nobody has, and names the entry
 * of a plugin, so that it is looked at. */
int twice(int number);
int numbers[4] = {1, 2, 3, 4};

__attribute__((visibility("default"))) int twice(int number) { return 2 * number; }

#ifdef INCOMPLETE
int nobody_has_this(void);

__attribute__((visibility("default"))) const void *pipes_plugin_v1(const void *host) {
    return nobody_has_this() ? host : 0;
}
#endif
